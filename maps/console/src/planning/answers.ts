import type * as GeoJSON from 'geojson'
import { computed, watch } from 'vue'

import { get, post } from '../api/client'
import type { IsochroneCollection, PlaceabilityCard, PlaceIn, QuestionsOut } from '../api/schema'

/** A question with what it need not say left out. */
export type Ask = Pick<PlaceIn, 'lon' | 'lat' | 'type'> & Partial<PlaceIn>
import { asOf } from '../state/boundaries'
import { useLoaded } from '../state/loaded'
import { can } from '../state/session'
import { useNewest } from './newest'
import { movedSpot, planning, restingSpot, spot, spotName } from './spot'
import { attributes, minutes, type, walkAsked } from './terms'
import { learnTitles } from './words'

/** In which form spots are answered to this reader, and how many questions are left of the day. */
export const questions = useLoaded(
  () => (planning.value && can('read') ? true : null),
  (_, signal) => get<QuestionsOut>('/placeability/questions', {}, signal),
)
export const isPublic = computed(() => questions.data?.form === 'public')

/** What is asked now; in the public form a question counts, so that nothing is asked while the marker is moved. */
export const ask = computed((): Ask | null => {
  const at = isPublic.value ? restingSpot.value : spot.value
  if (!at || !questions.data) return null
  const spotAsked = { lon: at[0], lat: at[1], name: spotName.value || null, attributes: attributes.value }
  const own = isPublic.value ? {} : walkAsked.value
  const detail = movedSpot.value && !isPublic.value ? 'brief' : 'full'
  return { ...spotAsked, on: asOf.value, type: type.value, minutes: minutes.value, ...own, detail }
})

/** Answers for spots near each other may stand for each other; those by other terms or attributes may not. */
function sortOf({ lon: _lon, lat: _lat, detail: _detail, name: _name, ...others }: Ask): string {
  return JSON.stringify(others)
}

export const card = useNewest(
  () => ask.value && { sort: sortOf(ask.value), of: ask.value },
  async (of, signal) => {
    const found = await post<PlaceabilityCard>('/placeability', of, {}, signal)
    learnTitles(found)
    return found
  },
)
watch(
  () => [card.data, card.problem],
  () => isPublic.value && void questions.reload(),
)

/** Where the card was made for: in the public form a corner of the lattice, not the very spot. */
export const judgedAt = computed(() => card.data && ([card.data.candidate.lon, card.data.candidate.lat] as [number, number]))

/** The ground within the limit, of a spot that rests and joins the network. */
export const ground = useLoaded(
  () => {
    const known = card.data
    if (!restingSpot.value || movedSpot.value || !known || known.facts.street.edge === null) return null
    const { on, profile, at, trip, barriers, scenario, types, limit_s, connection_limit_m } = known.terms
    return JSON.stringify({ on, asked: { at: [judgedAt.value], minutes: [limit_s / 60], profile, time: at, trip, barriers, scenario, types, connection_limit_m } })
  },
  (key, signal) => {
    const { on, asked } = JSON.parse(key) as { on: string; asked: unknown }
    return post<IsochroneCollection>(`/isochrones?on=${on}`, asked, {}, signal)
  },
)

/** What the map draws of the answers. */
export const planningPicture = computed(() => {
  if (!planning.value) return null
  const { gain, gates } = card.data?.facts ?? {}
  const point = (lon: number, lat: number, properties: GeoJSON.GeoJsonProperties): GeoJSON.Feature => ({
    type: 'Feature',
    properties,
    geometry: { type: 'Point', coordinates: [lon, lat] },
  })
  return {
    ground: (ground.data?.features ?? []) as unknown as GeoJSON.Feature[],
    newly: (gain?.places ?? []).map(({ lon, lat, residents }) => point(lon, lat, { residents })),
    gates: (gates ?? []).map(({ lon, lat, name, code, open_at_time }) => point(lon, lat, { name: name ?? code, open: open_at_time })),
    judged: isPublic.value && judgedAt.value ? [point(...judgedAt.value, {})] : [],
  }
})
