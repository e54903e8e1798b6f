import { computed } from 'vue'

import { get, withQuery } from '../api/client'
import type { HotPicture } from '../map/hotspots'
import { useLoaded } from '../state/loaded'
import { viewed } from '../state/view'
import { narrowedBy, AREA_LEVELS, part, period } from './question'
import type { HotSpots, RepeatedPlaces } from './shapes'

export const HOT_LEVELS = ['cell', 'quarter'] as const
export type HotLevel = (typeof HOT_LEVELS)[number]

const askedLevel = viewed('hot_level')
const askedShare = viewed('false_discovery')

export const hotLevel = computed((): HotLevel => HOT_LEVELS.find((each) => each === askedLevel.value) ?? 'cell')

/** What share of the areas that are told as hot may be so by chance. */
export const DISCOVERY_SHARES = ['0.01', '0.05', '0.1'] as const
export const falseDiscovery = computed(() => DISCOVERY_SHARES.find((each) => each === askedShare.value) ?? '0.05')

const isOpen = computed(() => part.value === 'hot_spots')
const asked = computed(() => ({ ...period.value, area: narrowedBy('area'), type: narrowedBy('type'), kind: narrowedBy('kind') }))

export const hotSpots = useLoaded(
  () => (isOpen.value ? withQuery('/hot-spots', { ...asked.value, level: hotLevel.value, false_discovery: falseDiscovery.value }) : null),
  (path, signal) => get<HotSpots>(path, {}, signal),
)

export const repeatedPlaces = useLoaded(
  () => (isOpen.value ? withQuery('/repeated-places', asked.value) : null),
  (path, signal) => get<RepeatedPlaces>(path, {}, signal),
)

const spot = viewed('spot')

/** What the map shows of them. */
export const hotPicture = computed((): HotPicture | null => {
  if (!isOpen.value || !hotSpots.data) return null
  return {
    level: AREA_LEVELS[hotLevel.value]!,
    on: period.value.to,
    areas: hotSpots.data.areas.map((area) => [area.code, area.class]),
    chosen: spot.value,
  }
})
