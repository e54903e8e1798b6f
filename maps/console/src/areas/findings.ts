import type * as GeoJSON from 'geojson'
import { computed } from 'vue'

import { get } from '../api/client'
import type { FindingOut } from '../api/schema'
import { edition } from '../state/boundaries'
import { useLoaded } from '../state/loaded'
import { viewed } from '../state/view'

type Findings = GeoJSON.FeatureCollection<GeoJSON.Geometry, FindingOut>

const part = viewed('part')

/** What is wrong with the boundaries of the edition that is looked at; asked while its findings are shown. */
export const topology = useLoaded(
  () => (edition.value && edition.value.state !== 'withdrawn' && part.value === 'findings' ? `${edition.value.name}\n${edition.value.version}` : null),
  (key, signal) => get<Findings>('/topology.geojson', { edition: key.split('\n')[0]! }, signal),
)

export const findings = computed(() => (topology.data?.features ?? []).map((feature) => feature.properties))

/** The findings for the map: each with its surface, and with a mark at its place, since most are too small to be seen. */
export const findingShapes = computed((): GeoJSON.Feature[] =>
  (topology.data?.features ?? []).flatMap(({ geometry, properties }) => {
    const { finding_no, severity, lon, lat } = properties
    const shape: GeoJSON.Feature = { type: 'Feature', geometry, properties: { finding_no, severity } }
    if (lon == null || lat == null) return [shape]
    return [shape, { ...shape, geometry: { type: 'Point', coordinates: [lon, lat] } }]
  }),
)
