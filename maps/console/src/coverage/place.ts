import { get } from '../api/client'
import type { RunPlace, UncoveredPlace } from '../api/schema'

const LISTED = 'no.'

/** How a place of the report's list is named in the URL: by its number in the source. */
export function listedId(place: UncoveredPlace): string {
  return `${LISTED}${place.place_no}`
}

/** Return what the shown run found for a place: one of the report's list by its number, one of the map by its id. */
export function loadPlace(runId: string, id: string, signal: AbortSignal): Promise<RunPlace> {
  const places = `/coverage/runs/${runId}/places`
  return id.startsWith(LISTED)
    ? get<RunPlace>(places, { place_no: id.slice(LISTED.length) }, signal)
    : get<RunPlace>(`${places}/${id}`, {}, signal)
}
