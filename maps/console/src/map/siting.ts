import type * as GeoJSON from 'geojson'
import type { ExpressionSpecification, FilterSpecification, LayerSpecification, SourceSpecification } from 'maplibre-gl'

import { BEYOND_RIM_COLOUR, UNREACHABLE_COLOUR } from './palette'
import { FONT, type MapPicture } from './style'

/** The layer of new points that answers to a click. */
export const SITES_LAYER = 'sites'

export function sitingSources({ siting }: MapPicture): Record<string, SourceSpecification> {
  const data: GeoJSON.FeatureCollection = { type: 'FeatureCollection', features: siting ?? [] }
  return siting ? { siting: { type: 'geojson', data } } : {}
}

function of(...roles: string[]): FilterSpecification {
  return ['in', ['get', 'role'], ['literal', roles]]
}

const RANKED = ['chosen', 'target', 'changed', 'left']

/** New points with their rank: filled when they are sure, built, or new in a re-run; pale when not. */
function ranked({ palette }: MapPicture): LayerSpecification[] {
  const rim: ExpressionSpecification = ['match', ['get', 'role'], 'left', UNREACHABLE_COLOUR, palette.site]
  const isFilled: ExpressionSpecification = ['any', ['==', ['get', 'sure'], true], ['==', ['get', 'built'], true]]
  return [
    {
      id: SITES_LAYER,
      type: 'circle',
      source: 'siting',
      filter: of(...RANKED),
      paint: {
        'circle-color': ['case', isFilled, palette.site, palette.halo],
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 10, 7, 14, 11],
        'circle-stroke-color': rim,
        'circle-stroke-width': 2.5,
      },
    },
    {
      id: 'site_ranks',
      type: 'symbol',
      source: 'siting',
      filter: of(...RANKED),
      layout: { 'text-field': ['to-string', ['get', 'rank']], 'text-font': FONT, 'text-size': ['interpolate', ['linear'], ['zoom'], 10, 9, 14, 12], 'text-allow-overlap': true, 'text-ignore-placement': true },
      paint: { 'text-color': ['case', isFilled, palette.halo, rim] },
    },
  ]
}

/** Where points may not stand, who could be a point, who is out, and what is or was chosen. */
export function siting(picture: MapPicture): LayerSpecification[] {
  const { siting: features, shown, palette } = picture
  if (!features || !shown.has('siting')) return []
  const circle = { type: 'circle', source: 'siting' } as const
  return [
    { id: 'site_zones', type: 'fill', source: 'siting', filter: of('zone'), paint: { 'fill-pattern': 'hatch/removed' } },
    { id: 'site_zone_rims', type: 'line', source: 'siting', filter: of('zone'), paint: { 'line-color': palette.removed, 'line-width': 1.6 } },
    ...(shown.has('siting_out')
      ? [{ ...circle, id: 'sites_out', filter: of('rejected'), paint: { 'circle-color': UNREACHABLE_COLOUR, 'circle-radius': 3.5, 'circle-opacity': 0.7, 'circle-stroke-color': palette.halo, 'circle-stroke-width': 0.8 } } as LayerSpecification]
      : []),
    { ...circle, id: 'sites_uncoverable', filter: of('uncoverable'), paint: { 'circle-opacity': 0, 'circle-radius': ['interpolate', ['linear'], ['zoom'], 11, 2, 15, 5], 'circle-stroke-color': BEYOND_RIM_COLOUR, 'circle-stroke-width': 1.2 } },
    { ...circle, id: 'site_candidates', filter: of('candidate'), paint: { 'circle-color': palette.halo, 'circle-radius': 5, 'circle-stroke-color': palette.site, 'circle-stroke-width': 2 } },
    { ...circle, id: 'site_incumbents', filter: of('incumbent'), paint: { 'circle-color': palette.site, 'circle-radius': 8, 'circle-stroke-color': palette.halo, 'circle-stroke-width': 2 } },
    {
      id: 'sites_compared',
      type: 'symbol',
      source: 'siting',
      filter: of('compared'),
      layout: { 'icon-image': ['concat', 'plans/', ['get', 'letters']], 'icon-allow-overlap': true, 'icon-ignore-placement': true },
    },
    ...ranked(picture),
  ]
}
