import type { CheckResult, NormUsed, PlaceabilityCard, PlaceVerdict, Reason } from '../api/schema'
import { count, minutes, percent } from '../words/format'
import { named, t } from '../words/texts'

type Scalar = string | number | boolean | null

export const VERDICTS: PlaceVerdict[] = ['fail', 'warn', 'pass', 'not_assessed']
const ENUMERATED = ['tenure', 'candidate_status', 'gate_access']
const COUNTS = ['new_residents', 'in_reach', 'load', 'slow', 'gate_closed']
const TRUTHS = ['daylight', 'lift']

/** Whether the catalogue has words for a member of a group. */
function has(group: string, name: string): boolean {
  return named(group, name) !== name
}

function plain(value: number): string {
  return value.toLocaleString('en', Math.abs(value) < 1 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 1 })
}

function valueText(name: string, value: Scalar): string {
  if (value === null) return '—'
  if (typeof value === 'boolean' || TRUTHS.includes(name)) return t(value ? 'report.yes' : 'place.no')
  if (ENUMERATED.includes(name)) return named(name, String(value))
  if (typeof value === 'string') return value
  if (name.startsWith('gini_') || name.startsWith('least_')) return value.toFixed(3)
  if (COUNTS.includes(name) || name.startsWith('band_')) return count(value)
  if (name.endsWith('_s')) return minutes(value)
  return name.endsWith('_ratio') ? percent(value) : plain(value)
}

/** What norm sets are called, as the cards so far have told; brief ones leave it out. */
const titles = new Map<string, string>()

export function learnTitles({ norm_sets }: PlaceabilityCard): void {
  for (const { name, edition, title } of norm_sets) titles.set(`${name} ${edition}`, title)
}

/** How well a norm is known; other words than the usual ones stand as they are. */
function evidenceText(evidence: string): string {
  return ['S', 'R', 'J'].includes(evidence) ? t(`console.planning.norm_evidence.${evidence}`) : evidence
}

/** The words for a norm: what its set is called, and how well it is known. */
function normText({ norm_set, edition, evidence }: NormUsed): string {
  const name = `${norm_set} ${edition}`
  return [titles.get(name) ?? name, evidenceText(evidence)].filter(Boolean).join(t('console.comma'))
}

/** What a norm is taken from, for those who ask. */
export function normSource({ norm_set, edition, source }: NormUsed): string {
  return `${norm_set} ${edition} · ${source}`
}

function fieldText(name: string, value: Scalar): string {
  if (name === 'level') return named('level', String(value))
  if (name === 'share' && typeof value === 'number') return percent(value)
  return typeof value === 'number' ? plain(value) : value === null ? '—' : String(value)
}

/** Why a check does not pass, in words. */
export function reasonText({ code, fields = {}, norm }: Reason): string {
  const told = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, fieldText(name, value)]))
  const bounds = norm && {
    item: t(`norm_item.${norm.item}`),
    norm: normText(norm),
    value: valueText(norm.item, fields.value ?? null),
    least: valueText(norm.item, norm.least),
    most: valueText(norm.item, norm.most),
  }
  return t(`place_reason.${code}`, { ...told, ...bounds })
}

function evidenceName(name: string): string {
  const band = /^band_(.+)_s$/.exec(name)
  if (band) return t('place_evidence.band', { minutes: plain(Number(band[1]) / 60) })
  const group = ['place_evidence', 'norm_item', 'level'].find((each) => has(each, name))
  return group ? named(group, name) : name
}

/** What a check stands on, as names and values; what is unknown is left out. */
export function evidenceRows({ evidence = {} }: CheckResult): [string, string][] {
  const known = Object.entries(evidence).filter(([, value]) => value !== null)
  return known.map(([name, value]) => [evidenceName(name), valueText(name, value)])
}

/** Residents as the card tells them; few ones are withheld in the public form. */
export function residentsText(value: number | null): string {
  return value === null ? t('console.planning.withheld') : count(value)
}
