import { showBox } from '../state/camera'
import { areaByCode } from '../state/folder'
import { select } from '../state/view'

/** Select an area in the drawer and go to it on the map. */
export function openArea(code: string): void {
  select('area', code)
  const bbox = areaByCode.value.get(code)?.bbox
  if (bbox) showBox(bbox)
}
