import type * as GeoJSON from 'geojson'
import type { ExpressionSpecification, LayerSpecification, SourceSpecification } from 'maplibre-gl'

import { withQuery, type Query } from '../api/client'
import { GRID_COLOURS } from './palette'
import type { MapPicture } from './style'

/** Responsibility grids of one kind, and the cells that a proposal gives to another. */
export interface GridsPicture {
  kind: string
  chosen: string
  /** Cells that would move, with the middle of each. */
  moving: { code: string; at: [number, number] | null }[]
  /** What asks for the grids of a day. */
  seen: Query
}

/** The layer of grids that answers to a click. */
export const GRID_FILL = 'grid_fill'

/** Further out there are no tiles of cells, and of grids. */
export const CELLS_FROM_ZOOM = 15
export const GRIDS_FROM_ZOOM = 13

export function gridSources({ grids, origin, shown }: MapPicture): Record<string, SourceSpecification> {
  if (!grids || !shown.has('grids')) return {}
  const middles = grids.moving.flatMap(({ at }) => (at ? [at] : []))
  const places: GeoJSON.MultiPoint = { type: 'MultiPoint', coordinates: middles }
  return {
    responsibility_grids: { type: 'vector', url: withQuery(`${origin}/tiles/responsibility_grids.json`, { ...grids.seen, kind: grids.kind }) },
    moving: { type: 'geojson', data: places },
  }
}

/** Grids in their colours, the chosen one framed, and what a proposal moves marked. */
export function gridLayers({ grids, shown, palette }: MapPicture): LayerSpecification[] {
  if (!grids || !shown.has('grids')) return []
  const source = { source: 'responsibility_grids', 'source-layer': 'responsibility_grids' } as const
  const colour = ['match', ['get', 'colour'], ...GRID_COLOURS.flatMap((each, index) => [index, each]), GRID_COLOURS[0]!] as unknown as ExpressionSpecification
  const isChosen: ExpressionSpecification = ['==', ['get', 'code'], grids.chosen]
  const moved: ExpressionSpecification = ['in', ['get', 'code'], ['literal', grids.moving.map(({ code }) => code)]]
  const cells = { source: 'shown_areas', 'source-layer': 'areas', filter: moved } as const
  return [
    { ...source, id: GRID_FILL, type: 'fill', paint: { 'fill-color': colour, 'fill-opacity': ['case', isChosen, 0.6, 0.38] } },
    { ...source, id: 'grid_rim', type: 'line', layout: { 'line-join': 'round' }, paint: { 'line-color': colour, 'line-width': 2 } },
    { ...source, id: 'grid_chosen', type: 'line', filter: isChosen, paint: { 'line-color': palette.selection, 'line-width': 4 } },
    ...(grids.moving.length
      ? ([
          { ...cells, id: 'moving_cells', type: 'fill', paint: { 'fill-pattern': 'hatch/added' } },
          { ...cells, id: 'moving_rims', type: 'line', paint: { 'line-color': palette.added, 'line-width': 2.5 } },
          {
            id: 'moving_spots',
            type: 'circle',
            source: 'moving',
            maxzoom: CELLS_FROM_ZOOM,
            paint: { 'circle-color': palette.added, 'circle-radius': ['interpolate', ['linear'], ['zoom'], 11, 1, 15, 4], 'circle-stroke-color': palette.halo, 'circle-stroke-width': ['interpolate', ['linear'], ['zoom'], 12, 0, 15, 1.5] },
          },
        ] as LayerSpecification[])
      : []),
  ]
}

/** The names of the grids, above all else that is drawn of them. */
export function gridLabels({ grids, shown, palette }: MapPicture): LayerSpecification[] {
  if (!grids || !shown.has('grids')) return []
  return [
    {
      id: 'grid_names',
      type: 'symbol',
      source: 'responsibility_grids',
      'source-layer': 'responsibility_grids',
      layout: { 'text-field': ['get', 'name'], 'text-font': ['Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', 'sans-serif'], 'text-size': 12, 'text-max-width': 8, 'text-padding': 20 },
      paint: { 'text-color': palette.label, 'text-halo-color': palette.halo, 'text-halo-width': 1.8 },
    },
  ]
}
