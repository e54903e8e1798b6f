import type { AreaBefore, Certificate, Cost, PlanStress, SitingDocument, Totals } from '../api/schema'
import { count, degrees, percent, shortNumber } from '../words/format'
import { named, t } from '../words/texts'

/** What an objective is counted in: to what step its bound is told, and whether more is better. */
const UNITS: Record<string, { step: number; rises: boolean }> = {
  residents: { step: 1, rises: true },
  points: { step: 1, rises: false },
  s: { step: 6, rises: false },
  resident_s: { step: 3600, rises: false },
  ratio: { step: 0.001, rises: true },
}
/** Sums of floating numbers are a little off; this much is not meant. */
const DIGITS = 6
const SPEED_DIGITS = 2

/** A share by which something could be better, rounded up: it is never told too small. */
export function gapText(gap: number | null | undefined): string {
  if (gap == null) return '—'
  if (gap <= 0) return '0%'
  return `${(Math.max(1, Math.ceil(Number((gap * 1e4).toFixed(DIGITS)))) / 100).toFixed(2)}%`
}

function plain(value: number, unit: string): string {
  if (unit === 'ratio') return percent(value)
  if (unit === 's') return shortNumber(Number((value / 60).toFixed(1)))
  return unit === 'resident_s' ? count(Math.round(value / 3600)) : count(value)
}

/** A value of the objective with its unit. */
export function amount(value: number | null | undefined, unit: string): string {
  return value == null ? '—' : t(`siting_amount.${unit}`, { value: plain(value, unit) })
}

/** A bound with its unit, rounded so that it stays a bound. */
export function boundAmount(value: number | null | undefined, unit: string): string {
  if (value == null) return '—'
  const { step, rises } = UNITS[unit]!
  const steps = Number((value / step).toFixed(DIGITS))
  const outward = (rises ? Math.ceil(steps) : Math.floor(steps)) * step
  return amount(unit === 'ratio' ? Math.min(outward, 1) : outward, unit)
}

/** Whether the bound lies above the objective. */
export function rises(unit: string): boolean {
  return UNITS[unit]!.rises
}

function limits({ terms }: SitingDocument): { minutes: string; horizon: string } {
  const written = (time_s: number) => shortNumber(Number((time_s / 60).toFixed(1)))
  return { minutes: written(terms.limit_s), horizon: written(terms.horizon_s ?? terms.limit_s) }
}

/** In one or two sentences how good the plan is and what no plan can be. */
export function certificateText(document: SitingDocument): string {
  const { certificate: found, terms } = document
  const plan = terms.points === null ? t('siting_report.plan') : t('siting_report.plan_of', { points: terms.points })
  const reached = t(`siting_answer.${terms.model}`, { objective: amount(found.objective, found.unit), ...limits(document) })
  return `${reached}${proofText(found, plan)}`
}

function proofText(found: Certificate, plan: string): string {
  if (found.proven) return t('siting_report.proven', { plan })
  const direction = rises(found.unit) ? 'most' : 'least'
  const bound = boundAmount(found.bound, found.unit)
  return found.gap === null ? t(`siting_report.${direction}`, { plan, bound }) : t(`siting_report.${direction}_gap`, { plan, bound, gap: gapText(found.gap) })
}

/** How far a plan is from the best in a few words. */
export function certificateLine({ proven, gap }: Certificate): string {
  if (proven) return t('siting_report.best')
  return gap === null ? t('console.siting.not_proven') : `≤ ${gapText(gap)}`
}

/** What found the plan and why the search ended. */
export function searchText({ certificate: found, terms }: SitingDocument): string {
  const why = t(`siting_stop.${found.stopped}`, { seconds: shortNumber(terms.max_s), gap: gapText(terms.enough_gap) })
  return t('siting_report.search', { solver: found.solver, nodes: count(found.nodes), why })
}

/** How the answer was found: the model, the bound, the search. */
export function howTexts(document: SitingDocument): string[] {
  return [t(`siting_how.${document.terms.model}`, limits(document)), t('siting_report.how_bound'), searchText(document)]
}

export function sureText({ chosen }: SitingDocument): string {
  const known = chosen.filter((point) => point.sure !== null)
  const sure = known.filter((point) => point.sure).length
  if (known.length && !sure) return t('console.siting.none_sure')
  return known.length ? t('siting_report.sure_points', { points: known.length, sure }) : ''
}

/** What must be known before the numbers. */
export function noteTexts({ notes }: SitingDocument): string[] {
  const field = (value: unknown) => (typeof value === 'string' ? named('point_type', value) : count(Number(value)))
  return notes.map(({ code, fields }) => t(`note.${code}`, Object.fromEntries(Object.entries(fields ?? {}).map(([name, value]) => [name, field(value)]))))
}

export function bandName(band: string): string {
  return band === '60_plus' ? t('report.who.residents') : named('age_band', band)
}

export function pointName({ name, lon, lat }: { name?: string | null; lon: number; lat: number }): string {
  return name || `${degrees(lon)}, ${degrees(lat)}`
}

/** The totals of those whom the model counts. */
export function askedTotals({ totals, terms }: SitingDocument): Totals | undefined {
  return totals.find((each) => each.band === terms.residents) ?? totals[0]
}

/** A part as a share of a whole, which it may exceed only by what arithmetic is off. */
export function share(part: number, whole: number): number | null {
  return whole ? Math.min(1, part / whole) : null
}

/** Why candidates are out. */
export function reasonText(reason: string): string {
  const check = /^check\.(.+)$/.exec(reason)?.[1]
  return check ? t('siting_report.fails_check', { check: t(`place_check.${check}`) }) : named('siting_rejected', reason)
}

export function stressText({ kind, words }: PlanStress): string {
  const told = Object.fromEntries(Object.entries(words).map(([name, value]) => [name, typeof value === 'number' ? shortNumber(value, SPEED_DIGITS) : (value ?? '')]))
  return t(`siting_stress.${kind}`, told)
}

/** Whether a point's gain tells more than how many it newly covers. */
export function hasGain({ terms }: SitingDocument): boolean {
  return !['max_coverage', 'set_cover'].includes(terms.model)
}

/** What the points of a plan cost as far as is known; a dash where nobody tells. */
export function costText({ known_yuan, unknown }: Cost, points: number): string {
  return points > 0 && unknown === points ? '—' : count(known_yuan)
}

/** The worst quarter with its share, in one line. */
export function worstText(area: AreaBefore | null): string {
  return area ? `${area.name} ${percent(area.ratio_after)}` : '—'
}
