import type { GateBandOut, ReleasedFlowOut } from '../../api/schema'
import { count, shortNumber } from '../../words/format'
import { t } from '../../words/texts'

/** Whom a gate tells apart. */
export const CLASSES = ['resident', 'newcomer', 'visitor', 'vehicle'] as const

/** A band, such as `500–999`; a dash where it is withheld or not known. */
export function bandOf(band: GateBandOut | null, whole: boolean): string {
  if (!band) return '—'
  const low = whole ? count(band.at_least) : shortNumber(band.at_least, 2)
  if (band.below === null) return t('console.gate_counts.from', { low })
  return t('console.gate_counts.between', { low, high: whole ? count(band.below - 1) : shortNumber(band.below, 2) })
}

/** A published count; what is withheld looks the same, small or not. */
export function shown(value: number | null): string {
  return value === null ? t('console.gate_counts.withheld') : count(value)
}

/** The hours of a gate, or of all gates, as they are published of one class. */
export function hoursOf(items: ReleasedFlowOut[], gate: string | null, flowClass: string): ReleasedFlowOut[] {
  return items.filter((each) => each.gate === gate && each.hour !== null && each.flow_class === flowClass)
}
