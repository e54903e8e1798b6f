import type { CaseOut } from '../api/schema'
import { shortNumber, span } from '../words/format'
import { named, t } from '../words/texts'
import { ENDED } from './filters'

/** How a case is drawn: by its urgency, but for cases whose clock stands or that have ended. */
export const LOOKS = ['overdue', 'due_soon', 'on_time', 'no_deadline', 'suspended', 'ended']

export function lookOf(state: string, urgency: string): string {
  if (ENDED.includes(state)) return 'ended'
  return state === 'suspended' ? 'suspended' : urgency
}

export function lookName(look: string): string {
  if (look === 'ended') return t('console.cases.ended')
  return look === 'suspended' ? named('case_state', look) : named('urgency', look)
}

/** How long until the deadline, or how long it has been passed; empty when the clock does not run. */
export function clockWords({ state, due_at }: Pick<CaseOut, 'state' | 'due_at'>, now: number): string {
  if (!due_at || lookOf(state, '') !== '') return ''
  const left_s = (Date.parse(due_at) - now) / 1000
  const time = span(left_s)
  return left_s < 0 ? t('console.cases.late_by', { time }) : t('console.cases.left', { time })
}

const UNIT_S: Record<string, number> = { working_days: 86_400, calendar_days: 86_400 }
const HOUR_S = 3600
const LEAST = 0.1

/** Time that is counted in a unit of its own, such as working hours, as a number of them. */
export function amountOf(time_s: number, unit: string): string {
  const value = time_s / (UNIT_S[unit] ?? HOUR_S)
  return value > 0 && value < LEAST ? `< ${LEAST}` : shortNumber(value)
}
