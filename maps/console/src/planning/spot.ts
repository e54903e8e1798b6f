import { computed, shallowRef, watch } from 'vue'

import { router } from '../router'
import { lookAt } from '../state/camera'
import type { Position } from '../state/sketch'
import { goTo, patchView, viewed } from '../state/view'
import { positionOf } from '../words/format'

const DIGITS = 6
const NEAR_ZOOM = 15.5
export const PAGE = 'placeability'
const PATH = '/placeability'

const written = viewed('spot')

/** Whether the page that judges spots is open. */
export const planning = computed(() => router.currentRoute.value.name === PAGE)

export function positionText([lon, lat]: Position): string {
  return `${lon.toFixed(DIGITS)},${lat.toFixed(DIGITS)}`
}

/** The spot where it rests: the URL keeps it. */
export const restingSpot = computed(() => (planning.value && written.value ? positionOf(written.value) : null))

/** Where the marker is while it is being moved. */
export const movedSpot = shallowRef<Position | null>(null)
watch(written, () => (movedSpot.value = null))

/** Where the marker is. */
export const spot = computed(() => movedSpot.value ?? restingSpot.value)

/** What the spot is called, when it was found by its address. */
export const spotName = viewed('spot_name')

/** Put the spot somewhere, from whichever page. */
export function putSpot(at: Position, name = ''): void {
  const shown = { spot: positionText(at), ...(name && { spot_name: name }) }
  if (planning.value) patchView({ spot_name: null, ...shown, select: null })
  else goTo(PATH, shown)
}

/** Put the spot where an address or a service point is, and go there. */
export function putSpotAt(at: Position, name: string): void {
  putSpot(at, name)
  lookAt(...at, NEAR_ZOOM)
}

/** Leave the spot where it was moved to. */
export function dropSpot(): void {
  const at = movedSpot.value
  if (!at) return
  if (positionText(at) === written.value) movedSpot.value = null
  else putSpot(at)
}
