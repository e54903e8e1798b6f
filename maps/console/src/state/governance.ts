import type * as GeoJSON from 'geojson'
import { computed } from 'vue'

import { get } from '../api/client'
import type { JointCentreFacts, JointCentres, MatrixOut, ModesOut, TownOut } from '../api/schema'
import { router } from '../router'
import { asOf, edition, today } from './boundaries'
import { useLoaded } from './loaded'
import { can } from './session'
import { viewed } from './view'

const PAGES = ['areas', 'editions', 'governance']

/** The day whose modes and centres go with the boundaries that are shown. */
export const governedOn = computed(() => {
  const looked = edition.value
  return looked ? (looked.valid_from ?? looked.planned_from ?? today) : asOf.value
})

function onPages(...names: string[]): string | null {
  return names.includes(String(router.currentRoute.value.name)) && can('read') ? governedOn.value : null
}

/** The mode report of that day. */
export const modeReport = useLoaded(
  () => onPages(...PAGES),
  (on, signal) => get<ModesOut>('/town-modes', { on }, signal),
)

/** The completeness matrix of that day. */
export const matrix = useLoaded(
  () => onPages('governance'),
  (on, signal) => get<MatrixOut>('/centres/matrix', { on }, signal),
)

type JointCentre = JointCentreFacts & { geometry: GeoJSON.MultiPolygon }

const part = viewed('part')

/** The joint centres of that day with their service areas, while the part that lists them is open. */
export const jointCentres = useLoaded(
  () => (part.value === 'places' ? onPages('governance') : null),
  async (on, signal) => (await get<JointCentres>('/joint-centres', { on }, signal)).items as unknown as JointCentre[],
)

export const townByCode = computed(() => new Map((modeReport.data?.towns ?? []).map((town) => [town.code, town])))

/** Whether a town has its mode against the rule, by an order. */
export function isOverridden(town: TownOut | undefined): boolean {
  return Boolean(town?.decision?.override)
}
