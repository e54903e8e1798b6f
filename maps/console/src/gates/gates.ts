import type * as GeoJSON from 'geojson'
import { computed } from 'vue'

import { get } from '../api/client'
import type { GateOut, PageGateOut } from '../api/schema'
import { part } from '../coverage/parts'
import { DEFAULT_AT } from '../coverage/walk'
import { asOf } from '../state/boundaries'
import { report } from '../state/folder'
import { useLoaded } from '../state/loaded'
import { selection, viewed } from '../state/view'
import { hoursWords } from '../grids/hours'
import { t } from '../words/texts'

const PAGE = 1000
const MOST_PAGES = 20

/** How a gate is at the time that is looked at. */
export const GATE_STATES = ['open', 'residents', 'shut'] as const
export type GateState = (typeof GATE_STATES)[number]

const chosenAt = viewed('at')
const layers = viewed('layers')

/** The time of the week at which gates are looked at: the one in the URL, else that of the shown run. */
export const lookedAt = computed(() => chosenAt.value || report.value?.parameters.at || DEFAULT_AT)

const wanted = computed(() => {
  if (!part.value) return false
  return part.value === 'gates' || part.value === 'plans' || selection.value?.kind === 'gate' || layers.value.split(',').includes('gates')
})

async function allGates(on: string, at: string, signal: AbortSignal): Promise<GateOut[]> {
  const gates: GateOut[] = []
  let cursor: string | null = null
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { items, next }: PageGateOut = await get<PageGateOut>('/gates', { on, at, limit: PAGE, cursor }, signal)
    gates.push(...items)
    cursor = next && new URL(next, location.href).searchParams.get('cursor')
    if (!cursor) break
  }
  return gates.sort((one, other) => one.code.localeCompare(other.code, 'zh', { numeric: true }))
}

/** The gates of the day and time that are looked at, while anything shows them. */
export const gates = useLoaded(
  () => (wanted.value ? JSON.stringify([asOf.value, lookedAt.value]) : null),
  (key, signal) => {
    const [on, at] = JSON.parse(key) as [string, string]
    return allGates(on, at, signal)
  },
)

export function stateOf(gate: GateOut): GateState {
  if (!gate.is_open) return 'shut'
  return gate.access === 'residents' ? 'residents' : 'open'
}

/** When a gate is open, in words; what the file says where it is not understood. */
export function hoursOfGate(gate: GateOut): string {
  if (gate.access === 'closed') return '—'
  if (gate.hours) return hoursWords(gate.hours)
  return gate.hours_text ? t('gates.hours_unread', { value: gate.hours_text }) : t('gates.always')
}

export const gateShapes = computed((): GeoJSON.Feature[] =>
  (gates.data ?? []).map((gate) => ({
    type: 'Feature',
    geometry: { type: 'Point', coordinates: [gate.lon, gate.lat] },
    properties: { code: gate.code, state: stateOf(gate) },
  })),
)
