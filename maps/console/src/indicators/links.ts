import { withQuery } from '../api/client'
import { goTo } from '../state/view'
import { LOCAL_ZONE } from '../words/format'

/** The day of a moment in the district. */
function dayOf(moment: number): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: LOCAL_ZONE }).format(moment)
}

/** What the console's list is asked for the cases that an address of the interface gives; all but the days of report have the same names. */
function shown(cases: string): Record<string, string> {
  const { searchParams } = new URL(cases, location.href)
  const { reported_from, reported_to, ...named } = Object.fromEntries([...new Set(searchParams.keys())].map((name) => [name, searchParams.getAll(name).join(',')]))
  return {
    ...named,
    ...(reported_from && { from: dayOf(Date.parse(reported_from)) }),
    ...(reported_to && { to: dayOf(Date.parse(reported_to) - 1) }),
  }
}

export function listAddress(cases: string): string {
  return withQuery('/cases', shown(cases))
}

export function openList(cases: string): void {
  goTo('/cases', shown(cases))
}
