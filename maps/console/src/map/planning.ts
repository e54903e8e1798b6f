import type * as GeoJSON from 'geojson'
import type { ExpressionSpecification, LayerSpecification, SourceSpecification } from 'maplibre-gl'

import { BEYOND_RIM_COLOUR, NEWLY_COLOUR } from './palette'
import { FONT, type MapPicture } from './style'

/** What is known of a spot that is judged, as the map draws it. */
export interface PlanningPicture {
  /** Ground within the limit, certain and possible. */
  ground: GeoJSON.Feature[]
  /** Places that it would newly cover, with their residents. */
  newly: GeoJSON.Feature[]
  gates: GeoJSON.Feature[]
  /** Where it was judged, when that is not where the marker is. */
  judged: GeoJSON.Feature[]
}

function collection(features: GeoJSON.Feature[]): SourceSpecification {
  return { type: 'geojson', data: { type: 'FeatureCollection', features } }
}

export function planningSources({ planning }: MapPicture): Record<string, SourceSpecification> {
  if (!planning) return {}
  const { ground, newly, gates, judged } = planning
  return { ground: collection(ground), newly: collection(newly), spot_gates: collection(gates), judged: collection(judged) }
}

/** The ground of a walk: certain is filled and bordered, possible is pale with a broken border. */
export function groundLayers({ planning, shown, palette }: MapPicture): LayerSpecification[] {
  if (!planning || !shown.has('ground')) return []
  const isOf = (name: string): ExpressionSpecification => ['==', ['get', 'class'], name]
  const line = { type: 'line', source: 'ground', layout: { 'line-join': 'round' } } as const
  return [
    { id: 'ground_possible', type: 'fill', source: 'ground', filter: isOf('possible'), paint: { 'fill-color': palette.ground, 'fill-opacity': 0.12 } },
    { id: 'ground_certain', type: 'fill', source: 'ground', filter: isOf('certain'), paint: { 'fill-color': palette.ground, 'fill-opacity': 0.22 } },
    { ...line, id: 'ground_possible_rim', filter: isOf('possible'), paint: { 'line-color': palette.ground, 'line-width': 1, 'line-dasharray': [3, 2], 'line-opacity': 0.7 } },
    { ...line, id: 'ground_certain_rim', filter: isOf('certain'), paint: { 'line-color': palette.ground, 'line-width': 1.6 } },
  ]
}

function newly({ palette }: MapPicture): LayerSpecification {
  const residents: ExpressionSpecification = ['coalesce', ['get', 'residents'], 1]
  const radius = ['interpolate', ['linear'], ['zoom'], 12, 2, 15, ['interpolate', ['linear'], residents, 0, 3, 60, 8], 18, ['interpolate', ['linear'], residents, 0, 5, 60, 14]]
  return {
    id: 'newly',
    type: 'circle',
    source: 'newly',
    paint: { 'circle-color': NEWLY_COLOUR, 'circle-radius': radius as ExpressionSpecification, 'circle-stroke-color': palette.halo, 'circle-stroke-width': 1 },
  }
}

function gates({ palette }: MapPicture): LayerSpecification[] {
  return [
    {
      id: 'spot_gates',
      type: 'circle',
      source: 'spot_gates',
      paint: { 'circle-color': ['case', ['get', 'open'], palette.halo, BEYOND_RIM_COLOUR], 'circle-radius': 5, 'circle-stroke-color': palette.label, 'circle-stroke-width': 2 },
    },
    {
      id: 'spot_gate_names',
      type: 'symbol',
      source: 'spot_gates',
      minzoom: 14,
      layout: { 'text-field': ['get', 'name'], 'text-font': FONT, 'text-size': 11, 'text-offset': [0, 1.2], 'text-anchor': 'top' },
      paint: { 'text-color': palette.label, 'text-halo-color': palette.halo, 'text-halo-width': 1.5 },
    },
  ]
}

/** What lies above the ground's colours: who would be newly covered, the gates, and the corner that was judged. */
export function planningMarks(picture: MapPicture): LayerSpecification[] {
  const { planning, shown, palette } = picture
  if (!planning) return []
  return [
    ...(shown.has('newly_covered') ? [newly(picture)] : []),
    ...gates(picture),
    { id: 'judged', type: 'circle', source: 'judged', paint: { 'circle-opacity': 0, 'circle-radius': 7, 'circle-stroke-color': palette.selection, 'circle-stroke-width': 2 } },
  ]
}
