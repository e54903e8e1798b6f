import { computed } from 'vue'

import type { Query } from '../api/client'
import { router } from '../router'
import { isDay } from '../state/boundaries'
import { can } from '../state/session'
import { patchView, viewed } from '../state/view'
import { presetDays, type Period } from './period'

export const PARTS = ['table', 'ranking', 'bulletins', 'hot_spots'] as const
export type Part = (typeof PARTS)[number]

export const DIMENSIONS = ['town', 'middle', 'quarter', 'cell', 'department', 'post', 'major', 'type', 'source', 'kind', 'district'] as const
export type Dimension = (typeof DIMENSIONS)[number]
/** The dimensions whose rows are areas, with the level of each. */
export const AREA_LEVELS: Partial<Record<Dimension, string>> = { district: 'district', town: 'town', middle: 'basic_management_unit', quarter: 'residential_quarter', cell: 'grid_cell' }

export const COMPARISONS = ['none', 'month', 'year'] as const
export type Comparison = (typeof COMPARISONS)[number]

/** What only some of the cases are counted by; the same names as on the page of cases. */
export const NARROWED = ['department', 'post', 'major', 'type', 'source', 'kind'] as const
export type Narrowed = (typeof NARROWED)[number]

const asked = Object.fromEntries(['part', 'from', 'to', 'area', 'by', 'compare', 'areas_on', ...NARROWED].map((name) => [name, viewed(name)])) as Record<string, ReturnType<typeof viewed>>

function value(name: string): string {
  return asked[name]!.value
}

export function narrowedBy(name: Narrowed | 'area' | 'areas_on'): string {
  return value(name)
}

/** The part that is open; null on another page, or for somebody who may not read. */
export const part = computed((): Part | null => {
  if (router.currentRoute.value.name !== 'indicators' || !can('read')) return null
  return PARTS.find((each) => each === value('part')) ?? 'table'
})

export const period = computed((): Period => {
  const chosen = { from: value('from'), to: value('to') }
  return isDay(chosen.from) && isDay(chosen.to) ? chosen : presetDays('this_month')
})

export const by = computed((): Dimension => DIMENSIONS.find((each) => each === value('by')) ?? 'town')
export const compare = computed((): Comparison => COMPARISONS.find((each) => each === value('compare')) ?? 'none')

/** Which cases are asked about, without along what they are told apart. */
export const narrowed = computed((): Query => ({
  ...period.value,
  area: value('area'),
  ...Object.fromEntries(NARROWED.map((name) => [name, value(name)])),
  areas_on: value('areas_on'),
}))

/** The whole question as the server is asked it. */
export const question = computed((): Query => ({ ...narrowed.value, by: by.value, compare: compare.value }))

export function ask(patch: Record<string, string | null>, push = false): void {
  patchView(patch, { push })
}

export function askPeriod({ from, to }: Period): void {
  ask({ from, to })
}

/** What a row leads to: only its cases, told apart by what comes below. */
const BELOW: Record<Dimension, Dimension> = {
  district: 'town',
  town: 'middle',
  middle: 'quarter',
  quarter: 'cell',
  cell: 'type',
  department: 'type',
  post: 'type',
  major: 'type',
  type: 'department',
  source: 'type',
  kind: 'major',
}

export function goBelow(code: string): void {
  const dimension = by.value
  const name = dimension in AREA_LEVELS ? 'area' : dimension
  ask({ [name]: code, by: BELOW[dimension] }, true)
}
