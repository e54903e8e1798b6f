import type * as GeoJSON from 'geojson'
import { computed } from 'vue'

import { report } from '../state/folder'
import { viewed } from '../state/view'
import { part } from './parts'

const chosen = viewed('point')

/** Where the residents of areas walk to, of all points or of the chosen one; the widest last, so that it lies on top. */
export const flowShapes = computed((): GeoJSON.Feature[] => {
  if (part.value !== 'flows') return []
  const flows = (report.value?.flows?.areas ?? []).filter((flow) => !chosen.value || flow.point_code === chosen.value)
  return [...flows]
    .sort((a, b) => a.residents - b.residents)
    .map(({ begin, end, residents }) => ({ type: 'Feature', geometry: { type: 'LineString', coordinates: [begin, end] }, properties: { residents } }))
})
