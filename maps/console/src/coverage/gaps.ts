import type { CoverageReport, Gap } from '../api/schema'
import { count, shortNumber } from '../words/format'
import { named, t } from '../words/texts'

/** What is common to a gap and to one age band of it. */
type Way = Pick<Gap, 'residents' | 'nearest_s' | 'nearest_point_name' | 'gate'>

function sentence({ parameters, counts }: CoverageReport, area: string, who: string, way: Way): string {
  const facts = { area, who, limit: shortNumber(parameters.limit_s / 60), count: count(way.residents) }
  const said = counts === 'places' ? t('reading.gap_places', facts) : t('reading.gap', facts)
  if (way.nearest_s == null) return t('reading.gap_no_way', { said })
  const walk = { said, minutes: shortNumber(way.nearest_s / 60), point: way.nearest_point_name ?? '—', gate: way.gate ?? '' }
  return way.gate ? t('reading.gap_gate', walk) : t('reading.gap_way', walk)
}

/** A gap in a sentence, as the report has it. */
export function gapText(report: CoverageReport, gap: Gap): string {
  return sentence(report, gap.name || t('console.remainder'), t(`reading.who.${report.counts}`), gap)
}

/** The gap of one age band in a sentence. */
export function ageGapText(report: CoverageReport, gap: Gap, age: Gap['age_bands'][number]): string {
  return sentence(report, gap.name || t('console.remainder'), t('reading.aged', { age: named('age_band', age.band) }), age)
}
