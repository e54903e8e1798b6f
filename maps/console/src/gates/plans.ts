import type * as GeoJSON from 'geojson'
import { computed, shallowRef } from 'vue'

import { get } from '../api/client'
import type { ScenarioList, ScenarioOut } from '../api/schema'
import { part } from '../coverage/parts'
import { planning } from '../planning/spot'
import { siting } from '../siting/open'
import { useLoaded } from '../state/loaded'
import { viewed } from '../state/view'

/** One planned change, as a scenario has it. */
export type Edit = ScenarioOut['edits'][number]
export type EditKind = Edit['kind']

/** What can be planned, and what each kind is given by: a line, a position, or a code alone. */
export const EDIT_KINDS: Record<EditKind, 'line' | 'point' | null> = {
  add_path: 'line',
  close_street: 'line',
  add_gate: 'point',
  move_gate: 'point',
  set_gate: null,
  add_point: 'point',
  move_point: 'point',
  close_point: null,
}

/** All scenarios, while a page is open that walks over them. */
export const plans = useLoaded(
  () => (part.value || planning.value || siting.value ? true : null),
  async (_, signal) => (await get<ScenarioList>('/walking/scenarios', {}, signal)).items,
)

const chosen = viewed('plan')

/** The scenario that is looked at, with its edits. */
export const plan = useLoaded(
  () => (part.value === 'plans' && chosen.value ? chosen.value : null),
  (name, signal) => get<ScenarioOut>(`/walking/scenarios/${encodeURIComponent(name)}`, {}, signal),
)

/** The edits of the scenario that is being made; null while none is. */
export const draft = shallowRef<Edit[] | null>(null)

function shape(edit: Edit): GeoJSON.Geometry | null {
  if ('line' in edit && edit.line) return { type: 'LineString', coordinates: edit.line as GeoJSON.Position[] }
  return 'lon' in edit ? { type: 'Point', coordinates: [edit.lon, edit.lat] } : null
}

/** What the edits that are looked at draw on the map. */
export const planShapes = computed((): GeoJSON.Feature[] =>
  (draft.value ?? plan.data?.edits ?? []).flatMap((edit): GeoJSON.Feature[] => {
    const geometry = shape(edit)
    return geometry ? [{ type: 'Feature', geometry, properties: { kind: edit.kind, name: editName(edit) } }] : []
  }),
)

/** What an edit is about: the name that it gives, else the code that it names. */
export function editName(edit: Edit): string {
  return ('name' in edit && edit.name) || ('code' in edit ? edit.code : '')
}
