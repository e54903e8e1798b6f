import type { ExpressionSpecification, LayerSpecification, SourceSpecification } from 'maplibre-gl'

import { withQuery } from '../api/client'
import { ENDED } from '../cases/filters'
import { CASE_COLOURS } from './palette'
import { FONT, type MapPicture } from './style'

/** The layers of single cases and of those that are drawn as one. */
export const CASE_LAYERS = ['cases', 'case_clusters']

const SOURCE = { source: 'cases', 'source-layer': 'cases' } as const
const MANY: ExpressionSpecification = ['>', ['coalesce', ['get', 'cases'], 1], 1]
const COUNT: ExpressionSpecification = ['coalesce', ['get', 'cases'], 1]

/** How a case is drawn, as :func:`lookOf` of the list tells it. */
const LOOK: ExpressionSpecification = [
  'case',
  ['in', ['get', 'state'], ['literal', ENDED]],
  'ended',
  ['==', ['get', 'state'], 'suspended'],
  'suspended',
  ['get', 'urgency'],
]

/** The same cases as the list leaves. */
export function caseSources({ origin, cases }: MapPicture): Record<string, SourceSpecification> {
  return { cases: { type: 'vector', url: origin + withQuery('/tiles/cases.json', cases) } }
}

function colour(): ExpressionSpecification {
  return ['match', LOOK, ...Object.entries(CASE_COLOURS).flat(), CASE_COLOURS.ended!] as unknown as ExpressionSpecification
}

/** Above the names of areas, which make room for the numbers. Single cases by their looks and kinds; several that lie together as a disc with their number and the colour of the most urgent. */
export function cases({ palette }: MapPicture): LayerSpecification[] {
  return [
    {
      ...SOURCE,
      id: 'case_clusters',
      type: 'circle',
      filter: MANY,
      paint: {
        'circle-color': palette.pointPaper,
        'circle-radius': ['interpolate', ['linear'], ['ln', COUNT], 0.7, 10, 6, 19, 9, 26],
        'circle-stroke-color': colour(),
        'circle-stroke-width': 3,
        'circle-opacity': 0.92,
      },
    },
    {
      ...SOURCE,
      id: 'case_counts',
      type: 'symbol',
      filter: MANY,
      layout: { 'text-field': ['to-string', COUNT], 'text-font': FONT, 'text-size': 11, 'text-allow-overlap': true, 'text-padding': 10 },
      paint: { 'text-color': palette.label },
    },
    {
      ...SOURCE,
      id: 'cases',
      type: 'symbol',
      filter: ['!', MANY],
      layout: {
        'icon-image': ['concat', 'case/', ['get', 'kind'], '/', LOOK],
        'icon-size': ['interpolate', ['linear'], ['zoom'], 10, 0.55, 14, 0.85, 17, 1.05],
        'icon-allow-overlap': true,
        'icon-ignore-placement': true,
        'symbol-sort-key': ['match', ['get', 'urgency'], 'overdue', 3, 'due_soon', 2, 'on_time', 1, 0],
      },
    },
  ]
}
