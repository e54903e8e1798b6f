import { computed } from 'vue'

import type { Query } from '../api/client'
import type { Tint } from '../coverage/tint'
import { LOAD_COLOURS, RATIO_CLASSES } from '../map/palette'
import { percent } from '../words/format'
import { answer } from './answers'
import { amountOf } from './charts'
import { columnName, drawnColumn, isLowerBetter, valueOf } from './columns'
import { hotLevel } from './hotspots'
import { AREA_LEVELS, by, narrowedBy, part } from './question'

/** The level of the areas that the table tells apart; null where it tells something else apart. */
const tableLevel = computed(() => (part.value === 'table' ? (AREA_LEVELS[by.value] ?? null) : null))

/** The level of areas that the map shows on the page of indicators. */
export const indicatorLevel = computed(() => (part.value === 'hot_spots' ? AREA_LEVELS[hotLevel.value]! : tableLevel.value))

/** The boundaries that the numbers are about, where the reader chose a day for them. */
export const indicatorBoundaries = computed((): Query | null => {
  const on = part.value === 'table' ? narrowedBy('areas_on') : ''
  return on ? { on } : null
})

interface Class {
  least: number
  colour: string
  words: string
}

/** Classes of equal width for what has no scale of its own. */
function evenClasses(most: number): Class[] {
  const width = most / LOAD_COLOURS.length
  return LOAD_COLOURS.map((colour, index) => ({ least: index * width, colour, words: `${amountOf(drawnColumn.value, index * width)} – ${amountOf(drawnColumn.value, (index + 1) * width)}` }))
}

function whole(ratio: number): string {
  return percent(ratio).replace('.0', '')
}

function rateClasses(): Class[] {
  return RATIO_CLASSES.map(([least, colour], index) => ({ least, colour, words: `${whole(least)}–${whole(RATIO_CLASSES[index + 1]?.[0] ?? 1)}` }))
}

/** Rates of which more is better have the scale of shares; the rest is told by how much there is. */
function classes(values: number[]): Class[] {
  const column = drawnColumn.value
  if (column.kind === 'rate' && !isLowerBetter(column)) return rateClasses()
  return evenClasses(Math.max(...values))
}

/** The areas of the table by the number that the chart shows. */
export const indicatorTint = computed((): Tint | null => {
  if (!tableLevel.value || !answer.data) return null
  const known = answer.data.rows.flatMap((row): [string, number][] => {
    const value = valueOf(row, drawnColumn.value)
    return row.code && value !== null ? [[row.code, value]] : []
  })
  if (!known.length) return null
  const steps = classes(known.map(([, value]) => value))
  return {
    group: 'indicator',
    title: columnName(drawnColumn.value),
    classes: steps,
    colours: known.map(([code, value]) => [code, (steps.findLast(({ least }) => value >= least) ?? steps[0]!).colour]),
    words: known.map(([code, value]) => [code, amountOf(drawnColumn.value, value)]),
  }
})
