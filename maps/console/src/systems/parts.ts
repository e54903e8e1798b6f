import { defineAsyncComponent, type Component } from 'vue'

interface Part {
  /** Has `console.systems.<name>` for its words. */
  name: string
  component: Component
}

/** The systems of governance in the order of their chips; each is a `defineAsyncComponent` of its own file. */
export const PARTS: Part[] = [
  { name: 'bodies', component: defineAsyncComponent(() => import('./bodies/BodiesPart.vue')) },
  { name: 'desks', component: defineAsyncComponent(() => import('./desks/DesksPart.vue')) },
  { name: 'meetings', component: defineAsyncComponent(() => import('./meetings/MeetingsPart.vue')) },
  { name: 'premises', component: defineAsyncComponent(() => import('./premises/PremisesPart.vue')) },
  { name: 'assessment', component: defineAsyncComponent(() => import('./assessment/AssessmentPart.vue')) },
  { name: 'targets', component: defineAsyncComponent(() => import('./targets/TargetsPart.vue')) },
  { name: 'gates', component: defineAsyncComponent(() => import('./gates/GatesPart.vue')) },
  { name: 'exchange', component: defineAsyncComponent(() => import('./exchange/ExchangePart.vue')) },
]
