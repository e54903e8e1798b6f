import { computed } from 'vue'

import { get, withQuery, type Query } from '../api/client'
import type { AccessDocument, EquityRow } from '../api/schema'
import { ACCESS_COLOURS } from '../map/palette'
import { folder, report, runId } from '../state/folder'
import { shownLevel } from '../state/level'
import { useLoaded } from '../state/loaded'
import { viewed } from '../state/view'
import { shortNumber } from '../words/format'
import { named, t } from '../words/texts'
import { part } from './parts'
import type { Tint } from './tint'

export const METHODS = ['2sfca', 'e2sfca', 'gravity_power', 'gravity_exponential'] as const
/** Capacity is told for so many residents. */
export const PER = 1000

const chosen = viewed('method')
export const method = computed(() => METHODS.find((each) => each === chosen.value) ?? METHODS[0])

/** What is asked of the run that is shown. */
export const accessQuery = computed((): Query => ({ run: runId.value, method: method.value }))

/** The accessibility that the shown run's question gives; the public form has none. */
export const access = useLoaded(
  () => (part.value === 'access' && folder.data?.form === 'exact' && report.value ? withQuery('/coverage/accessibility', accessQuery.value) : null),
  (path, signal) => get<AccessDocument>(path, {}, signal),
)

/** The rows of the level that the map colours, else of the lowest level that was counted. */
export const accessRows = computed((): EquityRow[] => {
  const groups = access.data?.groups ?? []
  return [...(groups.find((group) => group.by === shownLevel.value)?.rows ?? [])].sort((a, b) => (a.mean ?? 0) - (b.mean ?? 0))
})

export function perText(mean: number | null): string {
  return mean == null ? '—' : shortNumber(Math.round(mean * PER * 10) / 10)
}

/** The ends of classes with as many areas each, so that differences are seen whatever the numbers are. */
function quantiles(values: number[]): number[] {
  const sorted = values.filter((value) => value > 0).sort((a, b) => a - b)
  const ends = ACCESS_COLOURS.slice(1, -1).map((_, index) => sorted[Math.floor((sorted.length * (index + 1)) / (ACCESS_COLOURS.length - 1))])
  return [...new Set(ends.filter((end): end is number => end !== undefined))]
}

/** Areas by capacity for each resident: those with nothing apart, the others in classes of as many areas. */
export const accessTint = computed((): Tint | null => {
  const rows = accessRows.value.filter((row) => row.mean != null)
  if (!rows.length) return null
  const ends = quantiles(rows.map((row) => row.mean!))
  const classOf = (mean: number) => (mean > 0 ? 1 + ends.filter((end) => mean >= end).length : 0)
  const words = [
    t('console.access.nothing'),
    ...[0, ...ends].map((from, index) => (index < ends.length ? `${perText(from)}–${perText(ends[index]!)}` : `≥ ${perText(from)}`)),
  ]
  return {
    title: t('console.access.legend', { per: PER, level: named('level', shownLevel.value) }),
    classes: words.map((each, index) => ({ colour: ACCESS_COLOURS[index]!, words: each })),
    colours: rows.map((row) => [row.code, ACCESS_COLOURS[classOf(row.mean!)]!]),
    words: rows.map((row) => [row.code, perText(row.mean)]),
  }
})
