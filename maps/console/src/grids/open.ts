import { get } from '../api/client'
import type { AreaFate } from '../api/schema'
import { boundaries } from '../state/boundaries'
import { showBox } from '../state/camera'
import { select } from '../state/view'
import { cellByCode, wantedGrid } from './state'

/** Show a grid in depth and go to its surface, as soon as that is known. */
export function openGrid(code: string): void {
  wantedGrid.value = code
  select('grid', code)
}

/** Show a cell in depth and go there. */
export async function openCell(code: string): Promise<void> {
  select('area', code)
  const known = cellByCode.value.get(code)?.bbox
  showBox(known ?? (await get<AreaFate>(`/areas/${encodeURIComponent(code)}`, boundaries.value)).bbox)
}
