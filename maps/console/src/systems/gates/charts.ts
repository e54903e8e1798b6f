import type { ECBasicOption } from 'echarts/types/dist/shared'

import type { ReleasedFlowOut } from '../../api/schema'
import type { Colours } from '../../indicators/charts'
import { t } from '../../words/texts'
import { shown } from './words'

/** Bars of what went in and out by the hour; where a count is withheld there is none. */
export function flowBars(hours: ReleasedFlowOut[], colours: Colours): ECBasicOption {
  const text = { color: colours.text, fontSize: 12 }
  const bars = (name: string, color: string, values: (number | null)[]) => ({ name, type: 'bar', barMaxWidth: 10, itemStyle: { color }, data: values })
  return {
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { left: 4, right: 4, top: 8, bottom: 4, containLabel: true },
    tooltip: {
      trigger: 'axis',
      axisPointer: { type: 'shadow' },
      valueFormatter: (value: unknown) => shown(typeof value === 'number' ? value : null),
      confine: true,
      backgroundColor: colours.surface,
      borderColor: colours.border,
      textStyle: text,
    },
    xAxis: { type: 'category', data: hours.map(({ hour }) => `${hour}`), axisTick: { show: false }, axisLabel: { color: colours.secondary, fontSize: 11 } },
    yAxis: { type: 'value', min: 0, axisLabel: { color: colours.secondary, fontSize: 11 }, splitLine: { lineStyle: { color: colours.border } } },
    series: [
      bars(t('console.gate_counts.entered'), colours.accent, hours.map(({ entered }) => entered)),
      bars(t('console.gate_counts.left'), colours.secondary, hours.map(({ left }) => left)),
    ],
  }
}
