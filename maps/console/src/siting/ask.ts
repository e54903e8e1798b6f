import type * as GeoJSON from 'geojson'
import { computed, reactive, shallowRef } from 'vue'

import { post, send, withQuery } from '../api/client'
import type { LandKind, ServicePointType, SiteIn, SitesOut, SitingAccepted, SitingAsk, SitingModel } from '../api/schema'
import { walkOf } from '../coverage/walk'
import { asOf } from '../state/boundaries'
import type { Position } from '../state/sketch'

export const MODELS: SitingModel[] = ['max_coverage', 'set_cover', 'p_median', 'p_center', 'capacitated', 'equity']
export const SOURCES = ['network', 'list', 'layer'] as const
export const LAYERS = ['planned_points', 'service_points', 'landuse', 'compound'] as const
export const LAND_KINDS: LandKind[] = ['water', 'rail', 'wall', 'hazard', 'landuse', 'compound']
export const RESIDENTS = ['60_plus', '60_64', '65_69', '70_74', '75_79', '80_plus']
export const STEPS = ['model', 'place', 'candidates', 'check'] as const
export type Step = (typeof STEPS)[number]

/** What is asked, step by step; it stays while the reader looks at other pages. */
export const asked = reactive({
  model: 'max_coverage' as SitingModel,
  points: 15 as number | undefined,
  type: 'elderly_service_point' as ServicePointType,
  types: [] as ServicePointType[],
  minutes: 20,
  horizon_min: undefined as number | undefined,
  residents: '60_plus',
  area: '',
  source: 'network' as (typeof SOURCES)[number],
  every_m: undefined as number | undefined,
  layer: 'planned_points' as (typeof LAYERS)[number],
  /** A part of the names of the layer's features. */
  called: '',
  forbidden_land: [] as LandKind[],
  spacing_m: 0,
  capacity: undefined as number | undefined,
  judge: true,
  max_s: 60,
  gap_percent: 0,
  seed: 0,
})
export const walk = reactive(walkOf(undefined))

/** Candidates that a file has given, those clicked on the map, and where no point may stand. */
export const given = shallowRef<SiteIn[]>([])
export const clicked = shallowRef<Position[]>([])
export const zones = shallowRef<GeoJSON.Polygon[]>([])

/** Walks beyond the limit count too, up to a horizon. */
export const countsWalks = computed(() => ['p_median', 'p_center'].includes(asked.model))
export const findsPoints = computed(() => asked.model === 'set_cover')
export const listed = computed(() => given.value.length + clicked.value.length)
/** Kinds of land have names by which a part of them is taken. */
export const isLand = computed(() => !asked.layer.endsWith('_points'))

/** What is still missing, as the name of its words; null when it can be asked. */
export const missing = computed((): string | null => {
  if (!findsPoints.value && !asked.points) return 'points'
  if (!asked.minutes) return 'minutes'
  if (asked.source !== 'list') return null
  if (!listed.value) return 'candidates'
  return !findsPoints.value && asked.points! > listed.value ? 'more_candidates' : null
})

/** Which step says a value that the server refuses; the last where it is not known. */
export function stepOf(pointer: string | null | undefined): Step {
  const name = pointer?.split('/')[2] ?? ''
  if (['model', 'points'].includes(name)) return 'model'
  if (['candidates', 'forbidden', 'forbidden_land', 'spacing_m', 'capacity', 'judge'].includes(name)) return 'candidates'
  return ['max_s', 'gap', 'seed', ''].includes(name) ? 'check' : 'place'
}

function source(): SitingAsk['candidates'] {
  const { source: kind, every_m, layer, called } = asked
  if (kind === 'list') return { source: kind, items: [...given.value, ...clicked.value.map(([lon, lat]) => ({ lon, lat }) as SiteIn)] } as SitingAsk['candidates']
  if (kind === 'network') return { source: kind, every_m: every_m ?? null } as SitingAsk['candidates']
  return { source: kind, layer: isLand.value && called.trim() ? `${layer}:${called.trim()}` : layer } as SitingAsk['candidates']
}

function body(): Partial<SitingAsk> {
  const { model, type, types, minutes, residents, area, forbidden_land, spacing_m, judge, max_s, gap_percent, seed } = asked
  const { scenario, ...others } = walk
  return {
    ...{ model, type, types, minutes, residents, forbidden_land, judge, max_s, seed },
    points: findsPoints.value ? null : asked.points,
    area_code: area || null,
    ...others,
    scenario: scenario || null,
    candidates: source(),
    forbidden: zones.value as unknown as SitingAsk['forbidden'],
    spacing_m,
    horizon_min: countsWalks.value ? (asked.horizon_min ?? null) : null,
    capacity: model === 'capacitated' ? (asked.capacity ?? null) : null,
    gap: gap_percent / 100,
    on: asOf.value,
  }
}

export async function askForPlan(): Promise<number> {
  return (await post<SitingAccepted>('/siting/runs', body())).run_id
}

/** Let the server read a file of candidates, so that they are seen before they are asked with. */
export async function readFile(file: File): Promise<void> {
  const { items } = await send<SitesOut>(withQuery('/siting/candidates', { file: file.name }), file, () => {})
  given.value = items
}
