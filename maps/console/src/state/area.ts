import { t } from '../words/texts'
import { showBox } from './camera'
import { areaByCode } from './folder'
import { select } from './view'

/** Select an area in the drawer and go to it on the map. */
export function openArea(code: string): void {
  select('area', code)
  const bbox = areaByCode.value.get(code)?.bbox
  if (bbox) showBox(bbox)
}

/** The name of an area, else its code. */
export function areaName(code: string): string {
  return areaByCode.value.get(code)?.name ?? code
}

/** The name of the area that is asked about; without one, everywhere. */
export function whereName(code: string | null): string {
  return code ? areaName(code) : t('console.form.everywhere')
}
