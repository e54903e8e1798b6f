import type { MeetingRole } from '../../api/schema'

export type Heads = Partial<Record<MeetingRole, number | string>>

/** What was written of heads by role, without the roles of whom nobody was there. */
export function headsOf(given: Heads): Partial<Record<MeetingRole, number>> {
  return Object.fromEntries(Object.entries(given).flatMap(([role, here]) => (Number(here) > 0 ? [[role, Number(here)]] : [])))
}
