import { get } from '../api/client'
import type { RunPlace, UncoveredPlace } from '../api/schema'
import { areaByCode, report } from '../state/folder'
import { LEVELS } from '../state/level'

/** What the drawer shows of a place; what the report's list does not tell is undefined. */
export type ShownPlace = Omit<RunPlace, 'place_id' | 'place_no' | 'snap_distance_m'> & { snap_distance_m?: number | null }

const LISTED = 'no.'

/** How a place of the report's list is named in the URL: by its number in the source. */
export function listedId(place: UncoveredPlace): string {
  return `${LISTED}${place.place_no}`
}

function shown(place: UncoveredPlace): ShownPlace {
  const { nearest_point_code: code, nearest_point_name: name } = place
  const point = report.value?.service_points.listed.find((each) => each.code === code)
  const codes: Record<string, string | undefined> = place.area_codes
  const areas = LEVELS.flatMap((level) => areaByCode.value.get(codes[level] ?? '') ?? [])
  return { ...place, nearest_point: code && name && point ? { code, name, type: point.type } : null, areas }
}

/** Return what the shown run found for a place: listed ones from the report, others from the server. */
export async function loadPlace(runId: string, id: string, signal: AbortSignal): Promise<ShownPlace> {
  const listed = report.value?.uncovered_places?.listed.find((place) => listedId(place) === id)
  return listed ? shown(listed) : get<RunPlace>(`/coverage/runs/${runId}/places/${id}`, {}, signal)
}
