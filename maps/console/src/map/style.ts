import type * as GeoJSON from 'geojson'
import type { ExpressionSpecification, LayerSpecification, SourceSpecification, StyleSpecification } from 'maplibre-gl'

import type { Query } from '../api/client'
import type { Side } from '../state/boundaries'
import type { Sketch } from '../state/sketch'
import type { Drawing } from '../systems/drawing'
import { boundarySources, changes, drawn, findings, modes } from './boundaries'
import { cases, caseSources } from './cases'
import { gridLabels, gridLayers, gridSources, type GridsPicture } from './grids'
import { hotSources, hotSpots, type HotPicture } from './hotspots'
import { merging, mergingSources, type MergingPicture } from './merging'
import { groundLayers, planningMarks, planningSources, type PlanningPicture } from './planning'
import { siting, sitingSources } from './siting'
import { systemLayers, systemSources } from './systems'
import { BEYOND_COLOUR, BEYOND_RIM_COLOUR, RATIO_CLASSES, UNREACHABLE_COLOUR, bandColour, type Palette } from './palette'
import { compounds, flows, gates, planned, walkingSources, type WalkingPicture } from './walking'

/** What the map can show or hide. */
export const LAYER_GROUPS = ['grids', 'modes', 'changes', 'findings', 'conflicts', 'departments', 'merge_result', 'ground', 'newly_covered', 'siting', 'siting_out', 'hot_spots', 'indicator', 'ratio', 'flows', 'places', 'gates', 'plan', 'premises_quarters', 'gate_communities', 'projects', 'target_items', 'topics', 'service_points', 'cases', 'streets', 'land', 'labels'] as const
export type LayerGroup = (typeof LAYER_GROUPS)[number]

/** Everything that decides how the map looks; the style is a pure function of it. */
export interface MapPicture {
  origin: string
  palette: Palette
  shown: ReadonlySet<LayerGroup>
  runId: string | null
  placesGiven: boolean
  bands_s: number[]
  level: string | null
  /** What asks for the boundaries that are shown: a day or an edition. */
  boundaries: Query
  /** The day that is looked at. */
  on: string
  /** The edition whose changes are drawn, with the levels to draw. */
  edition: { name: string; side: Side; levels: string[] } | null
  /** The service areas of joint centres, each with its name. */
  jointCentres: GeoJSON.Feature[]
  findings: GeoJSON.Feature[]
  /** The number of the finding that is chosen. */
  finding: number | null
  sketch: Sketch | null
  /** Departments' grids that are compared, on the page that compares them. */
  merging: MergingPicture | null
  /** What is known of a spot, on the page that judges it. */
  planning: PlanningPicture | null
  /** Candidates, zones and new points, on the pages of siting. */
  siting: GeoJSON.Feature[] | null
  /** Responsibility grids, on the page of them. */
  grids: GridsPicture | null
  /** Areas whose cases gather beyond chance, on the page that lists them. */
  hot: HotPicture | null
  /** Gates, planned changes, and who walks where. */
  walking: WalkingPicture
  /** Colours of areas by another number than the share reached; null for the share. */
  tinted: [string, string][] | null
  /** The colour of areas that have none of these. */
  untinted: string
  /** Share reached by area code, for the areas of the shown level. */
  ratios: [string, number][]
  /** The same shares as words, written under the names. */
  ratioWords: [string, string][]
  /** Whether the areas are coloured by what is told of them. */
  areColoured: boolean
  selectedArea: string
  /** What the list of cases is filtered by; the map shows the same cases. */
  cases: Query
  /** What the part of the page of systems draws that is shown. */
  drawing: Drawing | null
  /** Longitude and latitude of the place or case that is shown in depth. */
  highlight: [number, number] | null
}

export const FONT = ['Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', 'sans-serif']

/** Between these zooms the areas' shares fade out, since their colours would be mixed up with those of the places that appear. */
export const PLACES_FROM_ZOOM = 12
export const RATIO_TO_ZOOM = 13

const BORDERS: { levels: string[]; width: number; opacity: number; dash?: number[] }[] = [
  { levels: ['grid_cell'], width: 0.5, opacity: 0.35 },
  { levels: ['residential_quarter'], width: 1, opacity: 0.5 },
  { levels: ['basic_management_unit', 'sector'], width: 1.5, opacity: 0.65, dash: [3, 2] },
  { levels: ['town'], width: 2, opacity: 0.8 },
  { levels: ['district'], width: 3, opacity: 0.95 },
]

const LABEL_ZOOMS: Record<string, [number, number]> = {
  district: [0, 10],
  town: [9.5, 13],
  basic_management_unit: [12, 14],
  sector: [12, 14],
  residential_quarter: [14, 24],
  grid_cell: [16, 24],
}

function tiles(picture: MapPicture, layer: string, query = ''): SourceSpecification {
  return { type: 'vector', url: `${picture.origin}/tiles/${layer}.json${query}` }
}

function sources(picture: MapPicture): Record<string, SourceSpecification> {
  const { runId, placesGiven } = picture
  return {
    land: tiles(picture, 'land'),
    streets: tiles(picture, 'streets'),
    service_points: tiles(picture, 'service_points'),
    ...caseSources(picture),
    ...(runId && placesGiven && { coverage: tiles(picture, 'coverage', `?run=${runId}`) }),
    ...boundarySources(picture),
    ...mergingSources(picture),
    ...gridSources(picture),
    ...walkingSources(picture),
    ...planningSources(picture),
    ...sitingSources(picture),
    ...hotSources(picture),
    ...systemSources(picture),
    ...picture.drawing?.sources,
    joint_centres: { type: 'geojson', data: { type: 'FeatureCollection', features: picture.jointCentres } },
    highlight: {
      type: 'geojson',
      data: { type: 'MultiPoint', coordinates: picture.highlight ? [picture.highlight] : [] },
    },
  }
}

function landuse({ palette }: MapPicture): LayerSpecification {
  const filter: ExpressionSpecification = ['==', ['get', 'kind'], 'landuse']
  return { id: 'landuse', type: 'fill', source: 'land', 'source-layer': 'land', filter, paint: { 'fill-color': palette.landuse } }
}

/** What lies on the ground and stays visible above the areas' colours. */
function ground({ palette }: MapPicture): LayerSpecification[] {
  const kind = (name: string): ExpressionSpecification => ['==', ['get', 'kind'], name]
  const land = { source: 'land', 'source-layer': 'land' }
  return [
    {
      id: 'water',
      type: 'fill',
      ...land,
      filter: ['all', kind('water'), ['==', ['geometry-type'], 'Polygon']],
      paint: { 'fill-color': palette.water },
    },
    {
      id: 'streams',
      type: 'line',
      ...land,
      filter: ['all', kind('water'), ['==', ['geometry-type'], 'LineString']],
      paint: { 'line-color': palette.water, 'line-width': 3 },
    },
    {
      id: 'rail',
      type: 'line',
      ...land,
      filter: kind('rail'),
      paint: { 'line-color': palette.rail, 'line-width': 1.5, 'line-dasharray': [4, 2] },
    },
    {
      id: 'walls',
      type: 'line',
      ...land,
      minzoom: 13.5,
      filter: kind('wall'),
      paint: { 'line-color': palette.wall, 'line-width': 1 },
    },
    {
      id: 'hazards',
      type: 'line',
      ...land,
      minzoom: 12,
      filter: kind('hazard'),
      paint: { 'line-color': BEYOND_COLOUR, 'line-width': 1.2, 'line-dasharray': [2, 2] },
    },
  ]
}

function streetWidth(extra_px: number): ExpressionSpecification {
  const at = (arterial: number, collector: number, lane: number): ExpressionSpecification => [
    'match',
    ['get', 'highway'],
    ['motorway', 'trunk', 'primary'],
    arterial + extra_px,
    ['secondary', 'tertiary'],
    collector + extra_px,
    lane + extra_px,
  ]
  return [
    'interpolate',
    ['exponential', 1.5],
    ['zoom'],
    ...[10, at(1.4, 0.7, 0)],
    ...[13, at(3.5, 2.4, 0.7)],
    ...[16, at(11, 8, 4)],
    ...[19, at(34, 26, 14)],
  ] as ExpressionSpecification
}

function streets({ palette }: MapPicture): LayerSpecification[] {
  const line = { type: 'line', source: 'streets', 'source-layer': 'streets' } as const
  const layout = { 'line-cap': 'round', 'line-join': 'round' } as const
  return [
    { ...line, id: 'street_casing', minzoom: 11, layout, paint: { 'line-color': palette.casing, 'line-width': streetWidth(1.4) } },
    { ...line, id: 'street', layout, paint: { 'line-color': palette.street, 'line-width': streetWidth(0) } },
  ]
}

function ratioColour(ratios: [string, number][]): ExpressionSpecification {
  const [first, ...rest] = RATIO_CLASSES
  const ratio = ['match', ['get', 'code'], ...ratios.flat(), -1]
  const classes = ['step', ratio, UNREACHABLE_COLOUR, 0, first![1], ...rest.flat()]
  return classes as unknown as ExpressionSpecification
}

function tintColour(tinted: [string, string][], others: string): ExpressionSpecification {
  return ['match', ['get', 'code'], ...tinted.flat(), others] as unknown as ExpressionSpecification
}

function shownAreas({ palette, ratios, tinted, untinted, areColoured, shown, placesGiven, edition }: MapPicture): LayerSpecification[] {
  const coloured = (tinted ?? ratios).length > 0 && areColoured
  const fades = placesGiven && shown.has('places')
  const nearer = fades ? 0 : 0.6
  const opacity: ExpressionSpecification = ['interpolate', ['linear'], ['zoom'], PLACES_FROM_ZOOM, 0.72, RATIO_TO_ZOOM, nearer]
  return [
    {
      id: 'shown_areas',
      type: 'fill',
      source: 'shown_areas',
      'source-layer': 'areas',
      paint: {
        'fill-color': coloured ? (tinted ? tintColour(tinted, untinted) : ratioColour(ratios)) : palette.border,
        'fill-opacity': coloured ? opacity : edition ? 0.12 : 0,
      },
    },
  ]
}

function borders({ palette, selectedArea, level: shownLevel }: MapPicture): LayerSpecification[] {
  const line = { type: 'line', source: 'areas', 'source-layer': 'areas' } as const
  const layout = { 'line-join': 'round' } as const
  /** Cells are fine lines, but where the page is about them. */
  const isCells = (levels: string[]) => shownLevel === 'grid_cell' && levels.includes('grid_cell')
  const perLevel = BORDERS.map(({ levels, width, opacity, dash }): LayerSpecification => ({
    ...line,
    id: `border_${levels[0]}`,
    layout,
    filter: ['in', ['get', 'level'], ['literal', levels]],
    paint: {
      'line-color': palette.border,
      'line-opacity': isCells(levels) ? 0.85 : opacity,
      'line-width': ['interpolate', ['linear'], ['zoom'], 9, width * 0.5, 13, isCells(levels) ? 1.2 : width],
      ...(dash && { 'line-dasharray': dash }),
    },
  }))
  const selected: LayerSpecification = {
    ...line,
    id: 'border_selected',
    layout,
    filter: ['==', ['get', 'code'], selectedArea],
    paint: { 'line-color': palette.selection, 'line-width': 3.5 },
  }
  return [...perLevel, selected]
}

function placeColour(bands_s: number[]): ExpressionSpecification {
  const band = ['match', ['get', 'band_s'], ...bands_s.flatMap((end_s, index) => [end_s, bandColour(index)]), bandColour(3)]
  const status = ['match', ['get', 'status'], 'covered', band, 'uncovered', BEYOND_COLOUR, UNREACHABLE_COLOUR]
  return status as unknown as ExpressionSpecification
}

function ifBeyond<T extends string | number>(beyond: T, other: T): ExpressionSpecification {
  return ['match', ['get', 'status'], 'uncovered', beyond, other]
}

function places({ bands_s, palette }: MapPicture): LayerSpecification[] {
  const dot = { source: 'coverage', 'source-layer': 'coverage', minzoom: PLACES_FROM_ZOOM }
  const radius: ExpressionSpecification = ['interpolate', ['exponential', 1.4], ['zoom'], 12, 1.6, 14, 3, 16, 5.5, 19, 10]
  return [
    {
      ...dot,
      id: 'places',
      type: 'circle',
      paint: {
        'circle-color': bands_s.length ? placeColour(bands_s) : UNREACHABLE_COLOUR,
        'circle-radius': radius,
        'circle-opacity': ['interpolate', ['linear'], ['zoom'], PLACES_FROM_ZOOM, 0.4, RATIO_TO_ZOOM, 1],
        'circle-stroke-color': ifBeyond(BEYOND_RIM_COLOUR, palette.border),
        'circle-stroke-width': ['interpolate', ['linear'], ['zoom'], 12.5, 0, 13.5, ifBeyond(0.8, 0.4), 15, ifBeyond(1.6, 0.6)],
      },
    },
    {
      ...dot,
      id: 'places_unreachable',
      type: 'symbol',
      minzoom: 13,
      filter: ['in', ['get', 'status'], ['literal', ['not_connectable', 'outside']]],
      layout: { 'icon-image': 'hatched', 'icon-allow-overlap': true, 'icon-size': ['interpolate', ['linear'], ['zoom'], 13, 0.5, 17, 1] },
    },
  ]
}

function symbol(id: string, source: string, image: ExpressionSpecification, size: ExpressionSpecification, minzoom = 0): LayerSpecification {
  return {
    id,
    type: 'symbol',
    source,
    minzoom,
    'source-layer': source,
    layout: { 'icon-image': image, 'icon-size': size, 'icon-allow-overlap': true, 'icon-ignore-placement': true },
  }
}

function servicePoints(): LayerSpecification[] {
  const capacity: ExpressionSpecification = ['coalesce', ['get', 'capacity'], 30]
  const bySize = (small: number, large: number): ExpressionSpecification => ['interpolate', ['linear'], capacity, 10, small, 200, large]
  const size = ['interpolate', ['linear'], ['zoom'], 10, bySize(0.32, 0.5), 13.5, bySize(0.72, 1), 17, bySize(0.9, 1.3)]
  const image: ExpressionSpecification = ['concat', 'point/', ['get', 'type'], '/', ['get', 'status']]
  return [symbol('service_points', 'service_points', image, size as ExpressionSpecification, 10.5)]
}

function labels({ palette, level, ratioWords }: MapPicture): LayerSpecification[] {
  const below = ratioWords.length ? ['concat', '\n', ['match', ['get', 'code'], ...ratioWords.flat(), '']] : ''
  return Object.entries(LABEL_ZOOMS).map(([each, [minzoom, maxzoom]]): LayerSpecification => {
    const leading = each === level
    // Cells of a quarter are told apart by the last digits of their codes; their whole names would cover the map.
    const isCell = each === 'grid_cell'
    const words = ['format', isCell ? ['slice', ['get', 'code'], -3] : ['get', 'name'], {}, leading ? below : '', { 'font-scale': 0.9 }]
    return {
      id: `label_${each}`,
      type: 'symbol',
      source: 'labels',
      'source-layer': 'area_labels',
      filter: ['==', ['get', 'level'], each],
      minzoom: leading ? Math.max(0, minzoom - 1.5) : minzoom,
      maxzoom: leading ? Math.min(24, maxzoom + 1) : maxzoom,
      layout: {
        'text-field': words as unknown as ExpressionSpecification,
        'text-font': FONT,
        'text-size': ['interpolate', ['linear'], ['zoom'], 9, leading ? 11 : 10, 14, leading && !isCell ? 14 : 11],
        'text-padding': 2,
        'text-variable-anchor': ['center', 'top', 'bottom', 'left', 'right'],
        'text-justify': 'center',
        'text-max-width': 9,
        'symbol-sort-key': leading ? 0 : 1,
      },
      paint: {
        'text-color': palette.label,
        'text-halo-color': palette.halo,
        'text-halo-width': 1.8,
        'text-opacity': leading ? 1 : 0.75,
      },
    }
  })
}

function jointCentreAreas({ palette }: MapPicture): LayerSpecification[] {
  const source = 'joint_centres'
  return [
    { id: 'joint_centres', type: 'line', source, paint: { 'line-color': palette.label, 'line-width': 2.5, 'line-dasharray': [3, 2] } },
    {
      id: 'joint_centre_names',
      type: 'symbol',
      source,
      layout: { 'text-field': ['get', 'name'], 'text-font': FONT, 'text-size': 13, 'text-allow-overlap': true },
      paint: { 'text-color': palette.label, 'text-halo-color': palette.halo, 'text-halo-width': 1.8 },
    },
  ]
}

function highlighted({ palette }: MapPicture): LayerSpecification {
  return {
    id: 'highlight',
    type: 'circle',
    source: 'highlight',
    paint: {
      'circle-color': palette.selection,
      'circle-opacity': 0.2,
      'circle-radius': 14,
      'circle-stroke-color': palette.selection,
      'circle-stroke-width': 2.5,
    },
  }
}

/** What the shown part of the page of systems draws, but for what the reader has hidden. */
function drawnByPart({ drawing, shown }: MapPicture): LayerSpecification[] {
  return (drawing?.layers ?? []).filter(({ id }) => !drawing?.groups?.[id] || shown.has(drawing.groups[id]))
}

/** Return the style of a picture. It names no glyphs: labels are drawn from the fonts of the reader's machine. */
export function mapStyle(picture: MapPicture): StyleSpecification {
  const { shown, palette } = picture
  const given = sources(picture)
  const layers: LayerSpecification[] = [
    { id: 'background', type: 'background', paint: { 'background-color': palette.land } },
    ...(shown.has('land') ? [landuse(picture)] : []),
    ...modes(picture),
    ...('shown_areas' in given ? shownAreas(picture) : []),
    ...(shown.has('land') ? ground(picture) : []),
    ...(shown.has('streets') ? streets(picture) : []),
    ...compounds(picture),
    ...gridLayers(picture),
    ...hotSpots(picture),
    ...groundLayers(picture),
    ...changes(picture),
    ...borders(picture),
    ...merging(picture),
    ...findings(picture),
    ...flows(picture),
    ...(shown.has('places') && 'coverage' in given ? places(picture) : []),
    ...gates(picture),
    ...planned(picture),
    ...(shown.has('service_points') ? servicePoints() : []),
    ...(shown.has('labels') ? labels(picture) : []),
    ...(shown.has('cases') ? cases(picture) : []),
    ...gridLabels(picture),
    ...jointCentreAreas(picture),
    ...planningMarks(picture),
    ...siting(picture),
    ...drawn(picture),
    ...systemLayers(picture),
    ...drawnByPart(picture),
    highlighted(picture),
  ]
  return { version: 8, sources: given, layers }
}
