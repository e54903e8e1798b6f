import type { AgeBandFigures, BandFigures, CoverageReport, Figures } from '../api/schema'
import { bandColour, BEYOND_COLOUR, UNREACHABLE_COLOUR } from '../map/palette'
import { count, minutes, shielded } from '../words/format'
import { t } from '../words/texts'

/** What the figures of areas and of age bands have in common. */
export type Counts = Omit<AgeBandFigures, 'band'> & { suppressed?: string[] }

export type CountName = 'residents' | 'covered' | 'uncovered' | 'not_connectable' | 'outside'

/** A count of some figures as text; an asterisk where the public form withholds it. */
export function countText(figures: Counts, name: CountName): string {
  return shielded(figures[name], figures.suppressed?.includes(name) ?? false)
}

/** The covered of one (cumulative) band as text. */
export function bandText(figures: Counts, band: BandFigures): string {
  const withheld = figures.suppressed?.includes(`bands.${band.limit_s}`) ?? false
  return shielded(band.covered, withheld)
}

/** Between which numbers a count lies where residents of whole areas were spread over places; empty where it is exact. */
export function rangeText(figures: Counts & Partial<Pick<Figures, 'ranges'>>, name: CountName): string {
  const range = figures.ranges?.find((each) => each.name === name)
  return range && range.least !== range.most ? t('console.reading.range', { least: count(range.least), most: count(range.most) }) : ''
}

/** How many do not reach a point, for whatever reason. */
export function notReachedText({ residents, covered }: Counts): string {
  const known = residents !== null && covered !== null
  return shielded(known ? Math.max(0, residents - covered) : null, !known)
}

/** What is counted: residents aged 60 and over, or places where the source has no counts. */
export function unit(report: CoverageReport): string {
  return t(`console.unit.${report.counts}`)
}

/** Whether nothing is withheld, so that the parts may be drawn to scale. */
export function isComplete(figures: Counts): boolean {
  const { residents, uncovered, not_connectable, outside, bands } = figures
  return ![residents, uncovered, not_connectable, outside, ...bands.map((band) => band.covered)].includes(null)
}

export interface BandPart {
  key: string
  name: string
  colour: string
  value: number
  hatched: boolean
}

/** The parts that make up all residents: each band alone, beyond the last, not connectable, outside. */
export function bandParts(figures: Counts): BandPart[] {
  const parts = figures.bands.map((band, index): BandPart => {
    const before = index > 0 ? (figures.bands[index - 1]!.covered ?? 0) : 0
    return {
      key: `band-${band.limit_s}`,
      name: t('console.within', { time: minutes(band.limit_s) }),
      colour: bandColour(index),
      value: Math.max(0, (band.covered ?? 0) - before),
      hatched: false,
    }
  })
  const rest = (['uncovered', 'not_connectable', 'outside'] as const).map((status) => ({
    key: status,
    name: t(`place_status.${status}`),
    colour: status === 'uncovered' ? BEYOND_COLOUR : UNREACHABLE_COLOUR,
    value: figures[status] ?? 0,
    hatched: status !== 'uncovered',
  }))
  return [...parts, ...rest]
}
