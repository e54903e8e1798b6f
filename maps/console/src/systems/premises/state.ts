import { computed, shallowRef } from 'vue'

import { get, type Query } from '../../api/client'
import type { PagePremisesOut, PremisesColour, PremisesDetail, PremisesRubrics, PremisesSummaryOut } from '../../api/schema'
import { asOf } from '../../state/boundaries'
import { useLoaded } from '../../state/loaded'
import { can } from '../../state/session'
import { viewed } from '../../state/view'

export const COLOURS: PremisesColour[] = ['green', 'yellow', 'watch', 'red']
export const HUES: Record<string, string> = { green: '#1e8449', yellow: '#d4ac0d', watch: '#ca6f1e', red: '#c0392b', uninspected: '#8e8e93' }
export const FACTORS = ['population_information', 'sanitation', 'fire_safety', 'public_security', 'neighbour_relations', 'care_of_property', 'family_planning'] as const
export const APPEAL_REASONS = ['score_wrong', 'cooperation_wrong', 'remedied', 'not_let'] as const
export const LEVELS = ['residential_quarter', 'town', 'district'] as const

export const chosenCode = viewed('premises')
export const chosenColour = viewed('colour')
export const chosenArea = viewed('area')
export const onlyDue = viewed('due')
export const words = viewed('q')
const chosenLevel = viewed('counted')
export const level = computed(() => LEVELS.find((each) => each === chosenLevel.value) ?? 'residential_quarter')

/** Whether the part is shown; nothing is asked for before. */
export const isOpen = shallowRef(false)

export const summary = useLoaded(
  () => (isOpen.value && can('read') ? `${asOf.value}|${level.value}` : null),
  (_, signal) => get<PremisesSummaryOut>('/premises/summary', { on: asOf.value, level: level.value }, signal),
)

/** The address of the list and of its files. */
export const query = computed<Query>(() => ({
  on: asOf.value,
  colour: chosenColour.value,
  area: chosenArea.value,
  due: onlyDue.value && 'true',
  q: words.value.trim(),
}))
export const list = useLoaded(
  () => (isOpen.value && can('premises.read') ? JSON.stringify(query.value) : null),
  (_, signal) => get<PagePremisesOut>('/premises', { ...query.value, limit: 200 }, signal),
)
export const one = useLoaded(
  () => (isOpen.value && can('premises.read') && chosenCode.value ? `${asOf.value}|${chosenCode.value}` : null),
  (_, signal) => get<PremisesDetail>(`/premises/${encodeURIComponent(chosenCode.value)}`, { on: asOf.value }, signal),
)
/** The edition of the day, with the day from which the one after it holds. */
export const rubric = useLoaded(
  () => (isOpen.value && can('read') ? asOf.value : null),
  async (on, signal) => {
    const { items } = await get<PremisesRubrics>('/premises/rubrics', {}, signal)
    const present = items.filter(({ valid_from }) => valid_from <= on).at(-1)
    return present ? { ...present, next: items.find(({ valid_from }) => valid_from > on)?.valid_from } : null
  },
)

/** Load anew what something written has changed. */
export async function renew(): Promise<void> {
  await Promise.all([one.reload(), list.reload()])
}
