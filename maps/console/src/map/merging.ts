import type * as GeoJSON from 'geojson'
import type { ExpressionSpecification, LayerSpecification, SourceSpecification } from 'maplibre-gl'

import { withQuery } from '../api/client'
import { CONFLICT_COLOURS, DEPARTMENT_COLOURS } from './palette'
import type { MapPicture } from './style'

/** A comparison of departments' grids as the map draws it. */
export interface MergingPicture {
  /** All departments, in the order that gives them their lines, and those that are drawn. */
  known: string[]
  drawn: string[]
  on: string
  conflicts: GeoJSON.Feature[]
  /** The merged grids of the way that is looked at. */
  result: GeoJSON.Feature[]
  /** The number of the conflict that is chosen. */
  conflict: number | null
}

/** The layers of conflicts, which answer to a click of their own, the topmost first. */
export const CONFLICT_LAYERS = ['conflict_marks', 'conflicts']

/** From here on a conflict is large enough to be seen without its mark. */
const MARKS_TO_ZOOM = 14.5

export const RESULT_PX = 10
export const RESULT_OPACITY = 0.25

interface Line {
  colour: string
  width: number
  dash?: number[]
}

/** Wide lines lie beneath narrow ones with gaps, so that all can be seen where borders are the same. */
const LINES: Pick<Line, 'width' | 'dash'>[] = [{ width: 5 }, { width: 3, dash: [3, 2] }, { width: 1.6 }, { width: 2.2, dash: [1, 2] }, { width: 1.4, dash: [4, 2, 1, 2] }]

/** How the borders of a department are drawn, by its place among all departments. */
export function departmentLine(known: string[], slug: string): Line {
  const place = Math.max(known.indexOf(slug), 0)
  return { colour: DEPARTMENT_COLOURS[place % DEPARTMENT_COLOURS.length]!, ...LINES[place % LINES.length]! }
}

/** A vertex in the middle of the outer ring: it lies on a conflict however bent that is. */
function mark({ geometry, properties }: GeoJSON.Feature): GeoJSON.Feature {
  const { type, coordinates } = geometry as GeoJSON.Polygon | GeoJSON.MultiPolygon
  const ring = type === 'Polygon' ? coordinates[0]! : coordinates[0]![0]!
  return { type: 'Feature', properties, geometry: { type: 'Point', coordinates: ring[Math.floor(ring.length / 2)]! } }
}

function collection(features: GeoJSON.Feature[]): SourceSpecification {
  return { type: 'geojson', data: { type: 'FeatureCollection', features } }
}

export function mergingSources({ merging, origin }: MapPicture): Record<string, SourceSpecification> {
  if (!merging) return {}
  return {
    department_grids: { type: 'vector', url: withQuery(`${origin}/tiles/department_grids.json`, { on: merging.on }) },
    conflicts: collection(merging.conflicts),
    conflict_marks: collection(merging.conflicts.map(mark)),
    merge_result: collection(merging.result),
  }
}

function borders({ merging }: MapPicture): LayerSpecification[] {
  const { known, drawn } = merging!
  return known
    .filter((slug) => drawn.includes(slug))
    .map((slug): LayerSpecification => {
      const { colour, width, dash } = departmentLine(known, slug)
      return {
        id: `department_${slug}`,
        type: 'line',
        source: 'department_grids',
        'source-layer': 'department_grids',
        filter: ['==', ['get', 'department'], slug],
        layout: { 'line-join': 'round' },
        paint: { 'line-color': colour, 'line-width': ['interpolate', ['linear'], ['zoom'], 10, width * 0.4, 15, width], ...(dash && { 'line-dasharray': dash }) },
      }
    })
}

function conflicts({ merging, palette }: MapPicture): LayerSpecification[] {
  const kind: ExpressionSpecification = ['get', 'kind']
  const colour = ['match', kind, ...Object.entries(CONFLICT_COLOURS).flat(), CONFLICT_COLOURS.border] as unknown as ExpressionSpecification
  const chosen: ExpressionSpecification = ['==', ['get', 'conflict_no'], merging!.conflict ?? -1]
  return [
    { id: 'conflicts', type: 'fill', source: 'conflicts', paint: { 'fill-pattern': ['concat', 'hatch/conflict/', kind] } },
    {
      id: 'conflict_rims',
      type: 'line',
      source: 'conflicts',
      paint: { 'line-color': ['case', chosen, palette.selection, colour], 'line-width': ['case', chosen, 3.5, 1.4] },
    },
    {
      id: 'conflict_marks',
      type: 'circle',
      source: 'conflict_marks',
      maxzoom: MARKS_TO_ZOOM,
      paint: {
        'circle-color': ['case', chosen, palette.selection, colour],
        'circle-radius': ['case', chosen, 8, 5],
        'circle-stroke-color': palette.halo,
        'circle-stroke-width': 1.5,
      },
    },
  ]
}

/** What the way that is looked at would make: a broad pale band beneath the departments' borders. */
function result({ palette }: MapPicture): LayerSpecification {
  return { id: 'merge_result', type: 'line', source: 'merge_result', layout: { 'line-join': 'round' }, paint: { 'line-color': palette.label, 'line-width': ['interpolate', ['linear'], ['zoom'], 10, 3, 15, RESULT_PX], 'line-opacity': RESULT_OPACITY } }
}

/** Departments' borders on each other, where they disagree, and what a way makes of it. */
export function merging(picture: MapPicture): LayerSpecification[] {
  if (!picture.merging) return []
  const { shown } = picture
  return [
    ...(shown.has('merge_result') ? [result(picture)] : []),
    ...(shown.has('departments') ? borders(picture) : []),
    ...(shown.has('conflicts') ? conflicts(picture) : []),
  ]
}
