import { computed } from 'vue'

import type { Query } from '../api/client'
import { mapBox } from '../state/camera'
import { patchView, viewed } from '../state/view'
import { endOf } from '../words/format'

/** The states of the chain in their order, then those beside it. */
export const STATES = ['reported', 'accepted', 'confirmed', 'registered', 'dispatched', 'handling', 'handled', 'verified', 'closed', 'supplement', 'suspended', 'rejected', 'duplicate', 'voided']
/** States in which nobody has anything more to do. */
export const ENDED = ['closed', 'rejected', 'duplicate', 'voided']
export const URGENCIES = ['overdue', 'due_soon', 'on_time', 'no_deadline']
export const KINDS = ['event', 'component']
export const SOURCES = ['grid_officer', 'inspector', 'public', 'hotline_12345', 'community_hotline', 'video', 'leader', 'other']
/** Filters that stand in the URL and go to the server under the same name. */
const PLAIN = ['kind', 'type', 'major', 'source', 'urgency', 'department', 'post', 'area', 'component', 'flag'] as const
/** What makes a list that of one number, of indicators or of a hot spot; they come and go together. */
export const COUNTED = ['measure', 'counted_from', 'counted_to', 'areas_on', 'within', 'lacks', 'near', 'without_flag'] as const
export const ORDERS = ['newest', 'due'] as const
export type Order = (typeof ORDERS)[number]

/** All filters; the states are several, with commas between them in the URL. */
export const NAMES = [...PLAIN, ...COUNTED, 'state', 'open', 'supervised', 'q', 'from', 'to', 'here'] as const
type Name = (typeof NAMES)[number]

const values = Object.fromEntries(NAMES.map((name) => [name, viewed(name)])) as Record<Name, ReturnType<typeof viewed>>
const asked = viewed('order')

/** One filter as the URL has it, empty without. */
export function filter(name: Name): string {
  return values[name].value
}

export const states = computed(() => filter('state').split(',').filter(Boolean))

export const order = computed((): Order => ORDERS.find((each) => each === asked.value) ?? 'newest')

/** The names of the filters that are set; what makes the list of a number is one. */
export const set = computed(() => NAMES.filter((name) => filter(name) && (name === 'measure' || !COUNTED.some((each) => each === name))))

export function setFilter(name: Name, value: string | null | undefined): void {
  patchView({ [name]: value || null })
}

/** Set a filter to a value, or clear it when it is that already. */
export function toggle(name: Name, value: string): void {
  setFilter(name, filter(name) === value ? null : value)
}

/** Ask for what is open and stands so against its deadline, or no longer. */
export function toggleUrgency(urgency: string): void {
  const isSet = filter('urgency') === urgency
  patchView({ urgency: isSet ? null : urgency, open: isSet ? null : '1' })
}

/** Put a state among those that are asked for, or take it away. */
export function toggleState(state: string): void {
  const present = states.value
  setFilter('state', (present.includes(state) ? present.filter((each) => each !== state) : [...present, state]).join(','))
}

/** List what the other filters leave, whatever number it was counted in. */
export function clearCounted(): void {
  patchView(Object.fromEntries(COUNTED.map((name) => [name, null])))
}

export function clearFilters(): void {
  patchView(Object.fromEntries(NAMES.map((name) => [name, null])))
}

/** The filters of the list as the server is asked for them; lists, exports and the board's links share them. */
export const query = computed((): Query => ({
  ...Object.fromEntries([...PLAIN, ...COUNTED].map((name) => [name, filter(name)])),
  state: states.value,
  open: filter('open') && 'true',
  supervised: filter('supervised') && 'true',
  q: filter('q'),
  reported_from: filter('from') && `${filter('from')}T00:00:00+08:00`,
  reported_to: filter('to') && endOf(filter('to')),
  bbox: filter('here') && mapBox.value?.map((degree) => degree.toFixed(5)).join(','),
}))

const part = viewed('part')

/** The cases that the map shows: those of the list, as far as they lie in its picture; beside the board all that is open. */
export const drawnCases = computed((): Query => (part.value === 'board' ? { open: 'true' } : { ...query.value, bbox: undefined }))
