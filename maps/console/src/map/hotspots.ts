import type { ExpressionSpecification, LayerSpecification, SourceSpecification } from 'maplibre-gl'

import { withQuery } from '../api/client'
import { HOT_COLOURS } from './palette'
import type { MapPicture } from './style'

/** Areas whose cases gather beyond chance, on the part of the page that lists them. */
export interface HotPicture {
  level: string
  /** The day whose boundaries were tested. */
  on: string
  /** Code and class of each. */
  areas: [string, string][]
  /** The code of the area that is chosen. */
  chosen: string
}

/** The layer of hot spots that answers to a click. */
export const HOT_LAYER = 'hot_spots'

export function hotSources({ origin, hot }: MapPicture): Record<string, SourceSpecification> {
  if (!hot) return {}
  return { hot_spots: { type: 'vector', url: origin + withQuery('/tiles/areas.json', { on: hot.on, level: hot.level }) } }
}

/** Each area in the colour of its class; the ground stays to be seen, and the chosen one has a rim. */
export function hotSpots({ hot, shown, palette }: MapPicture): LayerSpecification[] {
  if (!hot?.areas.length || !shown.has('hot_spots')) return []
  const source = { source: 'hot_spots', 'source-layer': 'areas' } as const
  const kind = ['match', ['get', 'code'], ...hot.areas.flat(), '']
  const colour = ['match', kind, ...Object.entries(HOT_COLOURS).flat(), HOT_COLOURS.hot] as unknown as ExpressionSpecification
  const filter: ExpressionSpecification = ['in', ['get', 'code'], ['literal', hot.areas.map(([code]) => code)]]
  return [
    { ...source, id: HOT_LAYER, type: 'fill', filter, paint: { 'fill-color': colour, 'fill-opacity': 0.55 } },
    { ...source, id: 'hot_rims', type: 'line', filter, paint: { 'line-color': colour, 'line-width': ['interpolate', ['linear'], ['zoom'], 10, 1.2, 15, 1.8] } },
    { ...source, id: 'hot_chosen', type: 'line', filter: ['==', ['get', 'code'], hot.chosen], paint: { 'line-color': palette.selection, 'line-width': 4 } },
  ]
}
