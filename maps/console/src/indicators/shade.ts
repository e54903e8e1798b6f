import { computed } from 'vue'

import type { Query } from '../api/client'
import type { Tint } from '../coverage/tint'
import { LOAD_COLOURS, RATIO_CLASSES } from '../map/palette'
import { percent } from '../words/format'
import { answer } from './answers'
import { amountOf } from './charts'
import { columnName, drawnColumn, isLowerBetter, valueOf, type Column } from './columns'
import { hotLevel } from './hotspots'
import { AREA_LEVELS, by, narrowedBy, part } from './question'
import { ranking, ratio } from './ranking'

/** Whether the table or the ranking of its rows is open. */
const isTold = computed(() => part.value === 'table' || part.value === 'ranking')
/** The level of the areas that are told apart; null where something else is. */
const tableLevel = computed(() => (isTold.value ? (AREA_LEVELS[by.value] ?? null) : null))

/** The level of areas that the map shows on the page of indicators. */
export const indicatorLevel = computed(() => (part.value === 'hot_spots' ? AREA_LEVELS[hotLevel.value]! : tableLevel.value))

/** The boundaries that the numbers are about, where the reader chose a day for them. */
export const indicatorBoundaries = computed((): Query | null => {
  const on = isTold.value ? narrowedBy('areas_on') : ''
  return on ? { on } : null
})

/** The number that the areas are coloured by. */
const column = computed((): Column => (part.value === 'ranking' ? { kind: 'rate', name: ratio.value } : drawnColumn.value))

/** It by area, as far as it is known; areas with too few cases have no rank and no colour. */
const known = computed((): [string, number][] => {
  const ranks = part.value === 'ranking' ? (ranking.data?.rows ?? []).map(({ code, rank, value }) => ({ code, value: rank === null ? null : value })) : null
  const rows = ranks ?? (answer.data?.rows ?? []).map((row) => ({ code: row.code, value: valueOf(row, column.value) }))
  return rows.flatMap(({ code, value }): [string, number][] => (code && value !== null ? [[code, value]] : []))
})

interface Class {
  least: number
  colour: string
  words: string
}

/** Classes of equal width for what has no scale of its own. */
function evenClasses(most: number): Class[] {
  const width = most / LOAD_COLOURS.length
  return LOAD_COLOURS.map((colour, index) => ({ least: index * width, colour, words: `${amountOf(column.value, index * width)} – ${amountOf(column.value, (index + 1) * width)}` }))
}

function whole(ratio: number): string {
  return percent(ratio).replace('.0', '')
}

function rateClasses(): Class[] {
  return RATIO_CLASSES.map(([least, colour], index) => ({ least, colour, words: `${whole(least)}–${whole(RATIO_CLASSES[index + 1]?.[0] ?? 1)}` }))
}

/** Rates of which more is better have the scale of shares; the rest is told by how much there is. */
function classes(values: number[]): Class[] {
  if (column.value.kind === 'rate' && !isLowerBetter(column.value)) return rateClasses()
  return evenClasses(Math.max(...values))
}

/** The areas of the table by the number that the chart shows, or those of the ranking by its rate. */
export const indicatorTint = computed((): Tint | null => {
  if (!tableLevel.value || !known.value.length) return null
  const steps = classes(known.value.map(([, value]) => value))
  return {
    group: 'indicator',
    title: columnName(column.value),
    classes: steps,
    colours: known.value.map(([code, value]) => [code, (steps.findLast(({ least }) => value >= least) ?? steps[0]!).colour]),
    words: known.value.map(([code, value]) => [code, amountOf(column.value, value)]),
  }
})
