import type { ExpressionSpecification, LayerSpecification, SourceSpecification } from 'maplibre-gl'

import { withQuery } from '../api/client'
import { FONT, type LayerGroup, type MapPicture } from './style'

/** The layers of the systems of governance that everybody may read. */
export const SYSTEM_GROUPS: LayerGroup[] = ['premises_quarters', 'gate_communities', 'projects', 'target_items', 'topics']

export const PREMISES_COLOURS: Record<string, string> = { green: '#1e8449', yellow: '#d4ac0d', watch: '#ca6f1e', red: '#c0392b' }
/** Withheld, not known, or no more than half. */
export const UNTOLD_COLOUR = '#8e8e93'
export const STAGE_COLOURS: Record<string, string> = { planned: '#8e8e93', located: '#2471a3', approved: '#7d3c98', building: '#d68910', open: '#1e8449' }
export const TOPIC_COLOURS: Record<string, string> = {
  proposed: '#8e8e93',
  supported: '#2471a3',
  agenda: '#d68910',
  decided: '#7d3c98',
  done: '#1e8449',
  refused: '#c0392b',
  withdrawn: '#c9ccd1',
}
export const PROJECT_COLOUR = '#7d3c98'
/** From how many persons inside, by the band that is published. */
export const INSIDE_COLOURS: [number, string][] = [
  [0, '#d6e6f2'],
  [500, '#93bfdb'],
  [1000, '#4a90b8'],
  [2000, '#1f5f8b'],
]

const SOURCES: Partial<Record<LayerGroup, string[]>> = { gate_communities: ['gate_communities', 'counting_gates'] }
/** What a click on one of these layers opens on the page of systems. */
const WAYS: Record<string, (properties: Record<string, unknown>) => Record<string, string>> = {
  system_topics: ({ code }) => ({ part: 'meetings', show: 'topics', topic: String(code) }),
  system_target_items: ({ target, item_no }) => ({ part: 'targets', target: String(target), item: String(item_no) }),
  system_gate_fills: ({ code }) => ({ part: 'gates', community: String(code) }),
  system_project_fills: () => ({ part: 'targets' }),
  system_premises_fills: ({ code }) => ({ part: 'premises', area: String(code) }),
}
export const SYSTEM_LAYERS = Object.keys(WAYS)

export function wayOf(layer: string, properties: Record<string, unknown>): Record<string, string> | null {
  return WAYS[layer]?.(properties) ?? null
}

export function systemSources({ origin, shown, on }: MapPicture): Record<string, SourceSpecification> {
  const names = SYSTEM_GROUPS.filter((group) => shown.has(group)).flatMap((group) => SOURCES[group] ?? [group])
  return Object.fromEntries(names.map((name) => [`system_${name}`, { type: 'vector', url: origin + withQuery(`/tiles/${name}.json`, { on }) }]))
}

function of(name: string): { source: string; 'source-layer': string } {
  return { source: `system_${name}`, 'source-layer': name }
}

function matched(property: string, colours: Record<string, string>): ExpressionSpecification {
  return ['match', ['get', property], ...Object.entries(colours).flat(), UNTOLD_COLOUR] as unknown as ExpressionSpecification
}

/** The colour of more than half of the premises, where it is published; what is withheld is no zero. */
function majority(): ExpressionSpecification {
  const half = ['/', ['coalesce', ['get', 'premises'], 1e9], 2]
  const cases = Object.entries(PREMISES_COLOURS).flatMap(([name, colour]) => [['>', ['coalesce', ['get', name], 0], half], colour])
  return ['case', ...cases, UNTOLD_COLOUR] as unknown as ExpressionSpecification
}

function premises(): LayerSpecification[] {
  return [
    { ...of('premises_quarters'), id: 'system_premises_fills', type: 'fill', paint: { 'fill-color': majority(), 'fill-opacity': 0.35 } },
    { ...of('premises_quarters'), id: 'system_premises_rims', type: 'line', paint: { 'line-color': majority(), 'line-width': 2 } },
  ]
}

function communities({ palette }: MapPicture): LayerSpecification[] {
  const [first, ...rest] = INSIDE_COLOURS
  const stepped = ['step', ['get', 'occupancy_from'], first![1], ...rest.flat()]
  const colour = ['case', ['has', 'occupancy_from'], stepped, UNTOLD_COLOUR] as unknown as ExpressionSpecification
  return [
    { ...of('gate_communities'), id: 'system_gate_fills', type: 'fill', paint: { 'fill-color': colour, 'fill-opacity': 0.6 } },
    { ...of('gate_communities'), id: 'system_gate_rims', type: 'line', paint: { 'line-color': '#1f5f8b', 'line-width': 2 } },
    {
      ...of('counting_gates'),
      id: 'system_counting_gates',
      type: 'circle',
      minzoom: 15.5,
      paint: { 'circle-color': palette.halo, 'circle-radius': 5, 'circle-stroke-color': '#1f5f8b', 'circle-stroke-width': 3 },
    },
    ...names('gate_communities', palette, 13),
  ]
}

function projects({ palette }: MapPicture): LayerSpecification[] {
  return [
    { ...of('projects'), id: 'system_project_fills', type: 'fill', paint: { 'fill-color': PROJECT_COLOUR, 'fill-opacity': 0.2 } },
    { ...of('projects'), id: 'system_project_rims', type: 'line', paint: { 'line-color': PROJECT_COLOUR, 'line-width': 2, 'line-dasharray': [3, 2] } },
    ...names('projects', palette, 13),
  ]
}

function names(name: string, palette: MapPicture['palette'], minzoom: number): LayerSpecification[] {
  return [
    {
      ...of(name),
      id: `system_${name}_names`,
      type: 'symbol',
      minzoom,
      layout: { 'text-field': ['get', 'name'], 'text-font': FONT, 'text-size': 12, 'text-max-width': 9 },
      paint: { 'text-color': palette.label, 'text-halo-color': palette.halo, 'text-halo-width': 1.8 },
    },
  ]
}

function dots(name: string, colour: ExpressionSpecification, rim: ExpressionSpecification | string, large: number): LayerSpecification {
  return {
    ...of(name),
    id: `system_${name}`,
    type: 'circle',
    paint: {
      'circle-color': colour,
      'circle-radius': ['interpolate', ['linear'], ['zoom'], 10, 4, 15, large],
      'circle-stroke-color': rim,
      'circle-stroke-width': 2,
    },
  }
}

/** Surfaces first, then points; what a part of the page draws itself is not drawn twice. */
export function systemLayers(picture: MapPicture): LayerSpecification[] {
  const { shown, palette, drawing } = picture
  const late = ['case', ['to-boolean', ['get', 'late']], '#c0392b', palette.halo] as unknown as ExpressionSpecification
  return [
    ...(shown.has('premises_quarters') ? premises() : []),
    ...(shown.has('gate_communities') ? communities(picture) : []),
    ...(shown.has('projects') ? projects(picture) : []),
    ...(shown.has('target_items') && !drawing?.sources.target_items ? [dots('target_items', matched('stage', STAGE_COLOURS), late, 9)] : []),
    ...(shown.has('topics') ? [dots('topics', matched('state', TOPIC_COLOURS), palette.halo, 8)] : []),
  ]
}
