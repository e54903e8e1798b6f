import type { IndicatorRow } from '../api/schema'
import { count, percent, shortNumber, span } from '../words/format'
import { t } from '../words/texts'
import { isLowerBetter, valueOf, type Column } from './columns'

export interface Change {
  words: string
  /** The same without its unit and share, for a table. */
  short: string
  /** Whether it is for the better; null where more is neither better nor worse. */
  better: boolean | null
}

const POINT_DIGITS = 2
const LEAST_POINT = 0.00005

function signed(words: string, change: number): string {
  return change > 0 ? `+${words}` : `−${words}`
}

function pointNumber(change: number): string {
  return shortNumber(Math.abs(change) * 100, POINT_DIGITS)
}

function both(words: string, better: boolean): Change {
  return { words, short: words, better }
}

/** How a number of a row has changed since the compared period; null where one of both is not known, or nothing is compared. */
export function changeOf(row: IndicatorRow, before: IndicatorRow | undefined, column: Column): Change | null {
  const [now, then] = [valueOf(row, column), before ? valueOf(before, column) : null]
  if (now === null || then === null) return null
  const change = now - then
  if (Math.abs(change) < LEAST_POINT) return { words: '±0', short: '±0', better: null }
  const better = isLowerBetter(column) ? change < 0 : change > 0
  if (column.kind === 'rate') return { words: signed(t('console.indicators.points', { value: pointNumber(change) }), change), short: signed(pointNumber(change), change), better }
  if (column.kind === 'mean') return both(signed(span(Math.abs(change)), change), better)
  const share = then ? ` (${signed(percent(Math.abs(change) / then), change)})` : ''
  const short = signed(count(Math.abs(change)), change)
  return { words: `${short}${share}`, short, better: null }
}
