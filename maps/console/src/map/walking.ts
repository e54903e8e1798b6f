import type * as GeoJSON from 'geojson'
import type { ExpressionSpecification, LayerSpecification, SourceSpecification } from 'maplibre-gl'

import { GATE_COLOURS, GATE_SIGNS } from './palette'
import type { MapPicture } from './style'

/** What the walking network is read by: gates, planned changes, and who walks where. */
export interface WalkingPicture {
  gates: GeoJSON.Feature[]
  /** The code of the gate that is chosen. */
  gate: string
  plan: GeoJSON.Feature[]
  /** Lines from areas to points, each with its residents. */
  flows: GeoJSON.Feature[]
  /** The residents of the widest of the lines. */
  widest: number
}

/** The layer of gates that answers to a click. */
export const GATE_LAYER = 'gates'

const GATES_FROM_ZOOM = 12.5
const FLOW_PX = 9

function collection(features: GeoJSON.Feature[]): SourceSpecification {
  return { type: 'geojson', data: { type: 'FeatureCollection', features } }
}

export function walkingSources({ walking }: MapPicture): Record<string, SourceSpecification> {
  return { gates: collection(walking.gates), plan: collection(walking.plan), flows: collection(walking.flows) }
}

function byState(values: Record<string, string>): ExpressionSpecification {
  return ['match', ['get', 'state'], ...Object.entries(values).flat(), values.shut] as unknown as ExpressionSpecification
}

/** Outlines of walled compounds, which are passed at their gates. */
export function compounds({ palette, shown }: MapPicture): LayerSpecification[] {
  if (!shown.has('gates')) return []
  const source = { source: 'land', 'source-layer': 'land', minzoom: 13.5 } as const
  const filter: ExpressionSpecification = ['==', ['get', 'kind'], 'compound']
  return [
    { ...source, id: 'compounds', type: 'fill', filter, paint: { 'fill-color': palette.wall, 'fill-opacity': 0.12 } },
    { ...source, id: 'compound_walls', type: 'line', filter, paint: { 'line-color': palette.label, 'line-opacity': 0.55, 'line-width': 1.4 } },
  ]
}

/** Who walks to which point: lines as wide as they are many. */
export function flows({ palette, shown, walking }: MapPicture): LayerSpecification[] {
  if (!shown.has('flows')) return []
  const part: ExpressionSpecification = ['sqrt', ['/', ['get', 'residents'], Math.max(walking.widest, 1)]]
  const width: ExpressionSpecification = ['interpolate', ['linear'], ['zoom'], 10, ['max', 0.4, ['*', FLOW_PX / 3, part]], 14, ['max', 0.8, ['*', FLOW_PX, part]]]
  return [
    { id: 'flows', type: 'line', source: 'flows', layout: { 'line-cap': 'round' }, paint: { 'line-color': palette.selection, 'line-opacity': 0.55, 'line-width': width } },
  ]
}

/** Gates as they are at the time that is looked at, told apart without colour by a sign. */
export function gates({ palette, shown, walking }: MapPicture): LayerSpecification[] {
  if (!shown.has('gates')) return []
  const chosen: ExpressionSpecification = ['==', ['get', 'code'], walking.gate]
  return [
    {
      id: GATE_LAYER,
      type: 'circle',
      source: 'gates',
      minzoom: GATES_FROM_ZOOM,
      paint: {
        'circle-color': byState(GATE_COLOURS),
        'circle-radius': ['interpolate', ['linear'], ['zoom'], GATES_FROM_ZOOM, 2, 15, 6, 18, 9],
        'circle-stroke-color': ['case', chosen, palette.selection, palette.halo],
        'circle-stroke-width': ['case', chosen, 3, 1.2],
      },
    },
    {
      id: 'gate_signs',
      type: 'symbol',
      source: 'gates',
      minzoom: 14,
      layout: { 'text-field': byState(GATE_SIGNS), 'text-font': ['sans-serif'], 'text-size': ['interpolate', ['linear'], ['zoom'], 14, 9, 18, 16], 'text-allow-overlap': true, 'text-ignore-placement': true },
      paint: { 'text-color': '#FFFFFF' },
    },
  ]
}

/** Planned changes: new paths and closed streets as lines, gates and points as rings, each with its name. */
export function planned({ palette, shown, walking }: MapPicture): LayerSpecification[] {
  if (!shown.has('plan') || !walking.plan.length) return []
  const colour: ExpressionSpecification = ['match', ['get', 'kind'], ['close_street', 'close_point'], palette.removed, palette.added]
  return [
    { id: 'plan_lines', type: 'line', source: 'plan', filter: ['==', ['geometry-type'], 'LineString'], layout: { 'line-cap': 'round' }, paint: { 'line-color': colour, 'line-width': 4, 'line-dasharray': [1.5, 1.5] } },
    {
      id: 'plan_points',
      type: 'circle',
      source: 'plan',
      filter: ['==', ['geometry-type'], 'Point'],
      paint: { 'circle-color': palette.halo, 'circle-radius': 7, 'circle-stroke-color': colour, 'circle-stroke-width': 3 },
    },
    {
      id: 'plan_names',
      type: 'symbol',
      source: 'plan',
      layout: { 'text-field': ['get', 'name'], 'text-font': ['Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', 'sans-serif'], 'text-size': 12, 'text-offset': [0, 1.2], 'text-anchor': 'top' },
      paint: { 'text-color': palette.label, 'text-halo-color': palette.halo, 'text-halo-width': 1.8 },
    },
  ]
}
