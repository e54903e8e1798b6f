import type { ECBasicOption } from 'echarts/types/dist/shared'

import type { IndicatorRow } from '../api/schema'
import { count, percent, span } from '../words/format'
import { valueOf, type Column } from './columns'

/** So many rows can still be told apart in a chart. */
export const MOST_BARS = 20
const BAR_PX = 26
const AROUND_PX = 40

/** The colours of the page, which the chart is drawn in. */
export interface Colours {
  accent: string
  border: string
  secondary: string
  text: string
  surface: string
}

export function pageColours(): Colours {
  const style = getComputedStyle(document.documentElement)
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim()
  return { accent: of('accent'), border: of('border'), secondary: of('secondary'), text: of('text'), surface: of('surface') }
}

export function heightOf(bars: number): number {
  return bars * BAR_PX + AROUND_PX
}

/** A number of a column in words. */
export function amountOf({ kind }: Column, value: number | null): string {
  if (kind === 'rate') return percent(value)
  return kind === 'mean' ? span(value) : count(value)
}

export interface Drawn {
  rows: IndicatorRow[]
  before: Map<string | null, IndicatorRow>
  column: Column
  /** The periods in words, the compared one after the shown one. */
  periods: [string, string]
  colours: Colours
}

/** Bars of one column, one for each row, and a mark where the compared period was. */
export function barsOf({ rows, before, column, periods, colours }: Drawn): ECBasicOption {
  const text = { color: colours.text, fontSize: 12 }
  const axis = { type: 'category', inverse: true, axisTick: { show: false } }
  const shown = (value: unknown) => amountOf(column, typeof value === 'number' ? value : null)
  const then = rows.map((row) => {
    const found = before.get(row.code)
    return found ? valueOf(found, column) : null
  })
  return {
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { left: 4, right: 4, top: 4, bottom: 4, containLabel: true },
    tooltip: { trigger: 'axis', axisPointer: { type: 'shadow' }, valueFormatter: shown, confine: true, backgroundColor: colours.surface, borderColor: colours.border, textStyle: text },
    xAxis: { type: 'value', min: 0, ...(column.kind === 'rate' && { max: 1 }), axisLabel: { color: colours.secondary, fontSize: 11, formatter: (value: number) => shown(value).replace('.0', ''), hideOverlap: true }, splitLine: { lineStyle: { color: colours.border } } },
    yAxis: [
      { ...axis, data: rows.map(({ name }) => name), axisLabel: { ...text, width: 112, overflow: 'truncate' }, axisLine: { lineStyle: { color: colours.border } } },
      { ...axis, data: rows.map((row) => shown(valueOf(row, column))), axisLabel: { ...text, fontSize: 11 }, axisLine: { show: false } },
    ],
    series: [
      {
        name: periods[0],
        type: 'bar',
        barWidth: 12,
        cursor: 'pointer',
        itemStyle: { color: colours.accent, borderRadius: [0, 3, 3, 0] },
        data: rows.map((row) => valueOf(row, column)),
      },
      ...(before.size
        ? [{ name: periods[1], type: 'scatter', symbol: 'rect', symbolSize: [3, 18], itemStyle: { color: colours.text }, data: then }]
        : []),
    ],
  }
}
