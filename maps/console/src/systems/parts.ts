import type { Component } from 'vue'

interface Part {
  /** Has `console.systems.<name>` for its words. */
  name: string
  component: Component
}

/** The systems of governance in the order of their chips; each is a `defineAsyncComponent` of its own file. */
export const PARTS: Part[] = []
