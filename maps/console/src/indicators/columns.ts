import { computed } from 'vue'

import type { IndicatorRow } from '../api/schema'
import { viewed } from '../state/view'
import { named, t } from '../words/texts'

/** A column of the table, of the chart and of the map: a measure, a rate, or the mean time of handling. */
export type Column = { kind: 'count'; name: string } | { kind: 'rate'; name: string } | { kind: 'mean'; name: 'mean_handling_s' }

export const MEASURES = ['reported', 'rejected', 'voided', 'duplicates', 'accepted', 'accepted_registered', 'registered', 'extended', 'dispatched', 'dispatched_right', 'handled', 'reworked', 'closed', 'settled_on_spot', 'forced', 'due', 'due_closed', 'due_closed_on_time', 'due_handled', 'due_handled_on_time', 'rated', 'satisfied']
export const RATES = ['registration_rate', 'closing_rate', 'on_time_closing_rate', 'on_time_handling_rate', 'rework_rate', 'extension_rate', 'duplicate_rate', 'right_dispatch_rate', 'satisfaction_rate']
/** Rates of which less is better. */
const LOWER_BETTER = ['rework_rate', 'extension_rate', 'duplicate_rate']
const MEAN: Column = { kind: 'mean', name: 'mean_handling_s' }

function counts(...names: string[]): Column[] {
  return names.map((name) => ({ kind: 'count', name }))
}

function rates(...names: string[]): Column[] {
  return names.map((name) => ({ kind: 'rate', name }))
}

export const SETS = {
  main: [...counts('reported', 'registered', 'closed'), ...rates('closing_rate', 'on_time_closing_rate', 'on_time_handling_rate', 'rework_rate'), MEAN],
  counts: counts(...MEASURES),
  rates: [...rates(...RATES), MEAN],
}
export type ColumnSet = keyof typeof SETS

const asked = viewed('columns')
export const columnSet = computed((): ColumnSet => (asked.value in SETS ? (asked.value as ColumnSet) : 'main'))

export function columnName({ kind, name }: Column): string {
  if (kind === 'mean') return t('console.indicators.mean_handling')
  return named(kind === 'rate' ? 'ratio' : 'measure', name)
}

export function isLowerBetter({ kind, name }: Column): boolean {
  return kind === 'mean' || LOWER_BETTER.includes(name)
}

/** The number of a row in a column; null where it is not known. */
export function valueOf(row: IndicatorRow, { kind, name }: Column): number | null {
  if (kind === 'mean') return row.mean_handling_s.value
  return kind === 'rate' ? (row.ratios[name]?.value ?? null) : (row.counts[name]?.value ?? 0)
}

const drawn = viewed('drawn')

/** What the chart and the map show, one column of all. */
export const drawnColumn = computed((): Column => {
  if (drawn.value === MEAN.name) return MEAN
  if (MEASURES.includes(drawn.value)) return { kind: 'count', name: drawn.value }
  return { kind: 'rate', name: RATES.includes(drawn.value) ? drawn.value : 'on_time_closing_rate' }
})

export const DRAWABLE: Column[] = [...rates(...RATES), MEAN, ...counts(...MEASURES)]

/** The names that more than one row has, such as those of cells in different quarters; their codes tell them apart. */
export function namesakes(rows: { name: string }[]): Set<string> {
  const seen = new Set<string>()
  return new Set(rows.map(({ name }) => name).filter((name) => seen.size === seen.add(name).size))
}
