import { computed } from 'vue'

import { get, withQuery } from '../api/client'
import type { HotSpotsOut, RepeatedPlacesOut } from '../api/schema'
import type { HotPicture } from '../map/hotspots'
import { useLoaded } from '../state/loaded'
import { viewed } from '../state/view'
import { AREA_LEVELS, narrowedBy, part, period } from './question'

export const HOT_LEVELS = ['quarter', 'cell'] as const
export type HotLevel = (typeof HOT_LEVELS)[number]

const askedLevel = viewed('hot_level')
const askedShare = viewed('false_discovery')

export const hotLevel = computed((): HotLevel => HOT_LEVELS.find((each) => each === askedLevel.value) ?? 'quarter')

/** What share of the areas that are told as hot may be so by chance. */
export const DISCOVERY_SHARES = ['0.01', '0.05', '0.1'] as const
export const falseDiscovery = computed(() => DISCOVERY_SHARES.find((each) => each === askedShare.value) ?? '0.05')

const isOpen = computed(() => part.value === 'hot_spots')
const asked = computed(() => ({ ...period.value, type: narrowedBy('type'), kind: narrowedBy('kind') }))

export const hotSpots = useLoaded(
  () => (isOpen.value ? withQuery('/hot-spots', { ...asked.value, level: hotLevel.value, false_discovery: falseDiscovery.value }) : null),
  (path, signal) => get<HotSpotsOut>(path, {}, signal),
)

export const repeatedPlaces = useLoaded(
  () => (isOpen.value ? withQuery('/repeated-places', asked.value) : null),
  (path, signal) => get<RepeatedPlacesOut>(path, {}, signal),
)

const spot = viewed('spot')

/** What the map shows of them. */
export const hotPicture = computed((): HotPicture | null => {
  if (!isOpen.value || !hotSpots.data) return null
  return {
    level: AREA_LEVELS[hotLevel.value]!,
    on: hotSpots.data.basis.areas_on,
    areas: hotSpots.data.items.map(({ code, spot: kind }) => [code, kind]),
    chosen: spot.value,
  }
})
