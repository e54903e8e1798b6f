import type { Position } from '../state/sketch'
import { language, t } from './texts'

const NONE = '—'
type Value = number | null | undefined

function locale(): string {
  return language.value === 'zh' ? 'zh-CN' : 'en-GB'
}

function decimal(value: number, digits: number): string {
  return value.toLocaleString(locale(), { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** Below this a fraction of a person, as modelled residents have, is worth reading. */
const SMALL = 100

/** A count of residents or places for reading: whole, but with one decimal where it is small and broken. */
export function count(value: Value): string {
  if (value == null) return NONE
  return decimal(value, value < SMALL && !Number.isInteger(value) ? 1 : 0)
}

/** A count that the public form may withhold: an asterisk where it does, since not only small ones are. */
export function shielded(value: Value, withheld: boolean): string {
  return value == null && withheld ? '*' : count(value)
}

/** A ratio 0–1 as a percentage with one decimal. */
export function percent(ratio: Value): string {
  return ratio == null ? NONE : `${decimal(ratio * 100, 1)}%`
}

/** Seconds as minutes with their unit; whole minutes without a decimal. */
export function minutes(time_s: Value): string {
  if (time_s == null) return NONE
  const value = time_s / 60
  return t('console.minutes', { value: decimal(value, Number.isInteger(value) ? 0 : 1) })
}

const SPANS = [
  ['days', 86_400],
  ['hours', 3600],
  ['minutes', 60],
] as const

/** A span of time in its two largest units, `2 days 3 hours`; the seconds below a minute are left out. */
export function span(time_s: Value): string {
  if (time_s == null) return NONE
  let rest = Math.floor(Math.abs(time_s))
  const parts = SPANS.map(([unit, unit_s]): [string, number] => {
    const value = Math.floor(rest / unit_s)
    rest -= value * unit_s
    return [unit, value]
  })
  const first = parts.findIndex(([, value]) => value > 0)
  const told = first < 0 ? parts.slice(-1) : parts.slice(first, first + 2).filter(([, value]) => value > 0)
  return told.map(([unit, value]) => t(`console.span.${unit}`, { value })).join(' ')
}

export function metres(length_m: Value): string {
  return length_m == null ? NONE : t('console.metres', { value: decimal(length_m, length_m < 10 ? 1 : 0) })
}

/** Whole square metres: what is judged piece by piece. */
export function squareMetres(area_m2: Value): string {
  return area_m2 == null ? NONE : `${decimal(area_m2, 0)} m²`
}

/** Square metres as km² with two decimals; below 0.1 km² with four, and nothing with none. */
export function km2(area_m2: Value): string {
  return area_m2 == null ? NONE : `${decimal(area_m2 / 1e6, area_m2 === 0 ? 0 : area_m2 < 1e5 ? 4 : 2)} km²`
}

export function degrees(value: number): string {
  return value.toFixed(5)
}

/** Read `lon, lat` as somebody writes it; null when it is no position. */
export function positionOf(text: string): Position | null {
  const [lon, lat, ...more] = text.trim().split(/[\s,;，]+/).map(Number)
  const fits = lon !== undefined && lat !== undefined && !more.length && Math.abs(lon) <= 180 && Math.abs(lat) <= 90
  return fits ? [lon, lat] : null
}

/** The zone in which the district counts its days and tells its times, wherever the reader is. */
export const LOCAL_ZONE = 'Asia/Shanghai'

/** A moment, such as `2026-11-22T10:00:00Z`, as the clocks of the district show it. */
export function dateTime(value: string | null | undefined): string {
  return value ? new Date(value).toLocaleString(locale(), { dateStyle: 'medium', timeStyle: 'short', timeZone: LOCAL_ZONE }) : NONE
}

/** A calendar day, `2026-11-22`; it is the same day in every zone. */
export function day(value: string | null | undefined): string {
  return value ? new Date(value).toLocaleDateString(locale(), { dateStyle: 'medium', timeZone: 'UTC' }) : NONE
}

/** The moment at which a day of the district ends; its zone has one offset all year. */
export function endOf(value: string): string {
  return new Date(`${value}T24:00:00+08:00`).toISOString()
}

/** A number as the reader's language writes it, with one decimal, or as many, where it is broken. */
export function shortNumber(value: number, digits = 1): string {
  return decimal(value, Number.isInteger(value) ? 0 : digits)
}
