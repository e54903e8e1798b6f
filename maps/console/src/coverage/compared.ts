import { computed } from 'vue'

import { get, withQuery } from '../api/client'
import { SHIFT_CLASSES } from '../map/palette'
import { runId, runs } from '../state/folder'
import { shownLevel } from '../state/level'
import { useLoaded } from '../state/loaded'
import { viewed } from '../state/view'
import { percent } from '../words/format'
import { named, t } from '../words/texts'
import { part } from './parts'
import type { Tint } from './tint'

interface Covered {
  residents: number | null
  covered: number | null
  ratio: number | null
}

export interface Shift {
  both: number | null
  gained: number | null
  lost: number | null
  neither: number | null
}

export interface Compared {
  a: Covered | null
  b: Covered | null
  /** Null where the runs are of different populations. */
  shift: Shift | null
}

export interface ComparedArea {
  code: string
  name: string
  compared: Compared
}

/** Two runs side by side, as the server answers. */
export interface CoverageComparison {
  form: 'exact' | 'public'
  counts: 'residents' | 'places'
  differences: { name: string; a: string | null; b: string | null }[]
  same_population: boolean
  totals: Compared
  age_bands: (Shift & { band: string })[]
  levels: { level: string; areas: ComparedArea[]; remainder: Compared | null }[]
}

const chosen = viewed('against')

/** The run that the shown one is compared with: the chosen one, else the newest before it. */
export const against = computed(() => {
  if (chosen.value) return chosen.value
  const before = (runs.data ?? []).find((run) => run.run_id < Number(runId.value))
  return before ? String(before.run_id) : ''
})

export const comparedPair = computed(() => ({ a: against.value, b: runId.value }))

export const compared = useLoaded(
  () => (part.value === 'compare' && against.value && runId.value && against.value !== runId.value ? withQuery('/coverage/compare', comparedPair.value) : null),
  (path, signal) => get<CoverageComparison>(path, {}, signal),
)

export const comparedRows = computed(() => compared.data?.levels.find((each) => each.level === shownLevel.value)?.areas ?? [])

/** Gains less losses, or of different populations the difference of the shares, as a part of the residents. */
export function change({ a, b, shift }: Compared): number | null {
  if (shift && b?.residents && shift.gained != null && shift.lost != null) return (shift.gained - shift.lost) / b.residents
  return a?.ratio == null || b?.ratio == null ? null : b.ratio - a.ratio
}

export function changeText(ratio: number | null): string {
  return ratio != null && ratio > 0 ? `+${percent(ratio)}` : percent(ratio)
}

const LEAST = 0.0005

function classOf(ratio: number): number {
  if (Math.abs(ratio) < LEAST) return SHIFT_CLASSES.findIndex(([from]) => from === 0)
  const found = SHIFT_CLASSES.findLastIndex(([from]) => (from < 0 ? ratio >= from : from > 0 && ratio >= from))
  return Math.max(found, 0)
}

/** Areas by how many more of their residents reach a point in the shown run. */
export const comparedTint = computed((): Tint | null => {
  const rows = comparedRows.value.flatMap(({ code, compared: of }) => {
    const ratio = change(of)
    return ratio == null ? [] : [{ code, ratio }]
  })
  if (!rows.length) return null
  return {
    title: t('console.compare.legend', { level: named('level', shownLevel.value) }),
    classes: SHIFT_CLASSES.map(([, colour, words]) => ({ colour, words: words || t('console.compare.same') })),
    colours: rows.map(({ code, ratio }) => [code, SHIFT_CLASSES[classOf(ratio)]![1]]),
    words: rows.map(({ code, ratio }) => [code, changeText(ratio)]),
  }
})
