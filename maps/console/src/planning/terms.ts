import { computed } from 'vue'

import type { AttributesIn, ServicePointType, Trip } from '../api/schema'
import { BARRIERS, DEFAULT_AT, TRIPS, type WalkAsk } from '../coverage/walk'
import { patchView, viewed } from '../state/view'

const USUAL = { for: 'elderly_service_point', minutes: '20', profile: 'elder', time: DEFAULT_AT, trip: 'to_point', barriers: '', scenario: '' }
type TermName = keyof typeof USUAL

/** The limits that are answered in the public form. */
export const PUBLIC_MINUTES = [5, 10, 15, 20]

export const TENURES = ['owned', 'public', 'leased', 'disputed']
export const STATUSES = ['idea', 'listed', 'agreed', 'rejected']

export type AttributeName = keyof AttributesIn
/** How each attribute is given, in the order of the form; money in yuan. */
export const ATTRIBUTES: Record<AttributeName, 'number' | 'whole' | 'truth' | 'tenure' | 'status' | 'day'> = {
  floor_area_m2: 'number',
  capacity: 'number',
  storey: 'whole',
  lift: 'truth',
  daylight: 'truth',
  tenure: 'tenure',
  lease_years: 'number',
  candidate_status: 'status',
  cost_yuan: 'number',
  budget_yuan: 'number',
  milestone_on: 'day',
}

const names = Object.keys(USUAL) as TermName[]
const shown = Object.fromEntries(names.map((name) => [name, viewed(name)])) as Record<TermName, ReturnType<typeof viewed>>
const written = viewed('given')

function termOf(name: TermName): string {
  return shown[name].value || USUAL[name]
}

/** The type of the new point, and how far walks may be. */
export const type = computed(() => termOf('for') as ServicePointType)
export const minutes = computed(() => Number(termOf('minutes')) || Number(USUAL.minutes))

/** Who walks, when and where. */
export const walk = computed((): WalkAsk => {
  const barriers = termOf('barriers').split(',')
  return {
    profile: termOf('profile'),
    at: termOf('time'),
    trip: TRIPS.find((each): each is Trip => each === termOf('trip')) ?? 'to_point',
    barriers: BARRIERS.filter((kind) => barriers.includes(kind)),
    scenario: termOf('scenario'),
  }
})

/** The terms of those who may set them all, as they are asked. */
export const walkAsked = computed(() => {
  const { at, scenario, ...others } = walk.value
  return { ...others, time: at, scenario: scenario || null }
})

/** Change some terms; what is as usual is left out of the URL. */
export function changeTerms(changed: Partial<Record<TermName, string>>): void {
  patchView(Object.fromEntries(Object.entries(changed).map(([name, value]) => [name, value === USUAL[name as TermName] ? null : value])))
}

export function changeWalk({ at, barriers, ...others }: WalkAsk): void {
  changeTerms({ ...others, time: at, barriers: barriers.join(',') })
}

/** What is known of the candidate as texts, by name: what the form shows and the URL keeps. */
export const given = computed(() => Object.fromEntries(new URLSearchParams(written.value)) as Partial<Record<AttributeName, string>>)

export function give(texts: Partial<Record<AttributeName, string>>): void {
  const filled = Object.entries(texts).filter(([, value]) => value)
  patchView({ given: new URLSearchParams(filled).toString() || null })
}

function read(name: AttributeName, text: string): string | number | boolean {
  const kind = ATTRIBUTES[name]
  if (kind === 'truth') return text === 'yes'
  return kind === 'number' || kind === 'whole' ? Number(text) : text
}

/** The attributes as they are asked with; a name that the URL makes up is passed over. */
export const attributes = computed((): AttributesIn => {
  const known = Object.entries(given.value).filter(([name]) => name in ATTRIBUTES) as [AttributeName, string][]
  return Object.fromEntries(known.map(([name, text]) => [name, read(name, text)]))
})
