import type * as GeoJSON from 'geojson'
import type { ExpressionSpecification, LayerSpecification, SourceSpecification } from 'maplibre-gl'

import { withQuery, type Query } from '../api/client'
import { MODE_COLOURS, MODE_NOT_APPLICABLE, MODE_UNDECIDED } from './palette'
import type { MapPicture } from './style'

/** The layers of findings, which answer to a click of their own, the topmost first. */
export const FINDING_LAYERS = ['finding_points', 'findings']

const REMOVED = ['ended', 'border_lost']
const ADDED = ['added', 'border_gained']

function tiles(picture: MapPicture, layer: string, query: Query): SourceSpecification {
  return { type: 'vector', url: withQuery(`${picture.origin}/tiles/${layer}.json`, query) }
}

/** The sources of everything that follows the date or the edition that is looked at. */
export function boundarySources(picture: MapPicture): Record<string, SourceSpecification> {
  const { level, edition, boundaries, shown } = picture
  return {
    areas: tiles(picture, 'areas', boundaries),
    labels: tiles(picture, 'area_labels', boundaries),
    ...(level && level !== 'network_hull' && { shown_areas: tiles(picture, 'areas', { ...boundaries, level }) }),
    ...(shown.has('modes') && { towns: tiles(picture, 'areas', { ...boundaries, level: 'town' }) }),
    ...Object.fromEntries((edition?.levels ?? []).map((each) => [`changes_${each}`, tiles(picture, 'area_changes', { edition: edition!.name, level: each })])),
    findings: { type: 'geojson', data: { type: 'FeatureCollection', features: picture.findings } },
    sketch: { type: 'geojson', data: sketchData(picture) },
  }
}

function sketchData({ sketch }: MapPicture): GeoJSON.FeatureCollection {
  const points = sketch?.points ?? []
  const path = sketch?.kind === 'polygon' && points.length > 2 ? [...points, points[0]!] : points
  const shapes: GeoJSON.Geometry[] = [{ type: 'MultiPoint', coordinates: points }]
  if (path.length > 1 && sketch?.kind !== 'points') shapes.push({ type: 'LineString', coordinates: path })
  return { type: 'FeatureCollection', features: shapes.map((geometry) => ({ type: 'Feature', geometry, properties: {} })) }
}

/** The colour of a town by its main mode; subdistricts have none. */
export function modeColour(): ExpressionSpecification {
  const byMode = ['match', ['get', 'mode'], ...Object.entries(MODE_COLOURS).flat(), MODE_UNDECIDED]
  return ['case', ['==', ['get', 'kind'], 'subdistrict'], MODE_NOT_APPLICABLE, byMode] as unknown as ExpressionSpecification
}

/** Towns in the colour of their mode, hatched where it was taken against the rule. */
export function modes({ shown }: MapPicture): LayerSpecification[] {
  if (!shown.has('modes')) return []
  const town = { source: 'towns', 'source-layer': 'areas', type: 'fill' } as const
  const fading: ExpressionSpecification = ['interpolate', ['linear'], ['zoom'], 11, 0.6, 15, 0.2]
  return [
    { ...town, id: 'modes', paint: { 'fill-color': modeColour(), 'fill-opacity': fading } },
    { ...town, id: 'modes_overridden', filter: ['==', ['get', 'overridden'], true], paint: { 'fill-pattern': 'hatch/overridden', 'fill-opacity': 0.5 } },
  ]
}

/** What an edition removes, adds, and changes without moving land; areas that stay are grey below. */
export function changes(picture: MapPicture): LayerSpecification[] {
  if (!picture.edition || !picture.shown.has('changes')) return []
  return picture.edition.levels.flatMap((level) => changesOf(picture, picture.edition!, level))
}

function changesOf({ palette }: MapPicture, edition: NonNullable<MapPicture['edition']>, level: string): LayerSpecification[] {
  const of = (names: string[]): ExpressionSpecification => ['in', ['get', 'change'], ['literal', names]]
  const source = { source: `changes_${level}`, 'source-layer': 'area_changes' } as const
  const side = (id: string, names: string[], pattern: string, colour: string): LayerSpecification[] => [
    { ...source, id: `${id}_${level}`, type: 'fill', filter: of(names), paint: { 'fill-pattern': pattern } },
    { ...source, id: `${id}_rim_${level}`, type: 'line', filter: of(names), paint: { 'line-color': colour, 'line-width': 1.6 } },
  ]
  const other: LayerSpecification[] = [
    {
      ...source,
      id: `other_${level}`,
      type: 'fill',
      filter: ['!', of([...REMOVED, ...ADDED])],
      paint: { 'fill-color': palette.selection, 'fill-opacity': 0.1 },
    },
  ]
  return [
    ...other,
    ...(edition.side === 'after' ? [] : side('removed', REMOVED, 'hatch/removed', palette.removed)),
    ...(edition.side === 'before' ? [] : side('added', ADDED, 'hatch/added', palette.added)),
  ]
}

/** What the check found: its surfaces, and a mark at each place. */
export function findings({ shown, palette, finding }: MapPicture): LayerSpecification[] {
  if (!shown.has('findings')) return []
  const source = { source: 'findings' } as const
  const colour: ExpressionSpecification = ['match', ['get', 'severity'], 'error', palette.removed, palette.warning]
  const chosen: ExpressionSpecification = ['==', ['get', 'finding_no'], finding ?? -1]
  return [
    {
      ...source,
      id: 'findings',
      type: 'fill',
      filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'fill-color': colour, 'fill-opacity': ['case', chosen, 0.45, 0.3] },
    },
    {
      ...source,
      id: 'finding_lines',
      type: 'line',
      filter: ['!=', ['geometry-type'], 'Point'],
      paint: { 'line-color': colour, 'line-width': ['case', chosen, 4, 2] },
    },
    {
      ...source,
      id: 'finding_points',
      type: 'circle',
      filter: ['==', ['geometry-type'], 'Point'],
      paint: {
        'circle-color': colour,
        'circle-radius': ['case', chosen, 9, 5],
        'circle-stroke-color': palette.halo,
        'circle-stroke-width': 1.5,
      },
    },
  ]
}

/** The line or polygon that is being drawn. */
export function drawn({ palette }: MapPicture): LayerSpecification[] {
  return [
    { id: 'sketch_line', type: 'line', source: 'sketch', paint: { 'line-color': palette.selection, 'line-width': 2.5, 'line-dasharray': [2, 1] } },
    {
      id: 'sketch_points',
      type: 'circle',
      source: 'sketch',
      filter: ['==', ['geometry-type'], 'Point'],
      paint: { 'circle-color': palette.halo, 'circle-radius': 4.5, 'circle-stroke-color': palette.selection, 'circle-stroke-width': 2 },
    },
  ]
}
