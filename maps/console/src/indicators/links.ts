import { withQuery } from '../api/client'
import { showAround } from '../state/camera'
import { areaByCode } from '../state/folder'
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

/** So much of the surroundings of a place is shown, in degrees. */
const AROUND = 0.001

/** Open the cases of a number; the map goes to their area or place. */
export function openList(cases: string): void {
  const wanted = shown(cases)
  goTo('/cases', wanted)
  const [lon, lat] = (wanted.near ?? '').split(',').map(Number)
  const bbox = areaByCode.value.get(wanted.area ?? '')?.bbox
  if (lon && lat) showAround([lon - AROUND, lat - AROUND, lon + AROUND, lat + AROUND])
  else if (bbox) showAround(bbox)
}
