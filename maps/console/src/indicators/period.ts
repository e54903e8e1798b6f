import { today } from '../state/boundaries'
import { day, LOCAL_ZONE } from '../words/format'
import { language } from '../words/texts'

/** The days of a question, both included, as `2026-10-01`. */
export interface Period {
  from: string
  to: string
}

const DAY_MS = 86_400_000
const MONTHS = 24

function written(year: number, month: number, day: number): string {
  return new Date(Date.UTC(year, month - 1, day)).toISOString().slice(0, 10)
}

export function shifted(day: string, days: number): string {
  return new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10)
}

/** The days of a month, `2026-10`; of this month those until today. */
export function monthDays(month: string): Period {
  const [year, number] = month.split('-').map(Number) as [number, number]
  const last = written(year, number + 1, 0)
  return { from: `${month}-01`, to: month === today.slice(0, 7) ? today : last }
}

function monthBefore(month: string, months = 1): string {
  const [year, number] = month.split('-').map(Number) as [number, number]
  return written(year, number - months, 1).slice(0, 7)
}

export const PRESETS = ['this_month', 'last_month', 'last_30_days', 'this_year'] as const
export type Preset = (typeof PRESETS)[number]

const LENGTH_DAYS = 30

/** The days that a preset means today. */
export function presetDays(preset: Preset): Period {
  const month = today.slice(0, 7)
  if (preset === 'this_month') return monthDays(month)
  if (preset === 'last_month') return monthDays(monthBefore(month))
  if (preset === 'this_year') return { from: `${today.slice(0, 4)}-01-01`, to: today }
  return { from: shifted(today, 1 - LENGTH_DAYS), to: today }
}

/** The months to choose from, newest first. */
export function months(): string[] {
  return Array.from({ length: MONTHS }, (_, before) => monthBefore(today.slice(0, 7), before))
}

/** The month that a period is, until today where it is not over; null for any other span. */
export function monthOf(period: Period): string | null {
  const month = period.from.slice(0, 7)
  const { from, to } = monthDays(month)
  return period.from === from && period.to === to ? month : null
}

/** A month as readers write it: 2026年10月, October 2026. */
export function monthName(month: string): string {
  const locale = language.value === 'zh' ? 'zh-CN' : 'en-GB'
  return new Date(`${month}-15T12:00:00+08:00`).toLocaleDateString(locale, { year: 'numeric', month: 'long', timeZone: LOCAL_ZONE })
}

/** A period in words: a month by its name, else its two days. */
export function periodWords(shown: Period): string {
  const month = monthOf(shown)
  if (month) return monthName(month)
  return shown.from === shown.to ? day(shown.from) : `${day(shown.from)} – ${day(shown.to)}`
}
