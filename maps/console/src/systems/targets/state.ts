import { computed, shallowRef } from 'vue'

import { get } from '../../api/client'
import type { AmountBound, PageBudgetOut, PageRenewalProjectOut, PagePlanTargetOut, TargetDetail, TargetStage } from '../../api/schema'
import { asOf } from '../../state/boundaries'
import { useLoaded } from '../../state/loaded'
import { can } from '../../state/session'
import { viewed } from '../../state/view'

export const STAGES: TargetStage[] = ['planned', 'located', 'approved', 'building', 'open']
/** What stands before an amount, by its bound. */
export const BOUNDS: Record<AmountBound, string> = { exact: '=', at_least: '≥', more_than: '>' }
/** Chinese readers count in 万元, others in million yuan. */
export const UNIT_YUAN = { zh: 1e4, en: 1e6 }
/** As many as a page of a list holds. */
const MOST = 1000

const chosenTarget = viewed('target')
export const chosenItem = viewed('item')
export const chosenStage = viewed('stage')
export const words = viewed('q')

/** Whether the part is shown; nothing is asked for before. */
export const isOpen = shallowRef(false)

function shown(): string | null {
  return isOpen.value && can('read') ? asOf.value : null
}

export const targets = useLoaded(shown, async (on, signal) => (await get<PagePlanTargetOut>('/targets', { on, limit: MOST }, signal)).items)
export const projects = useLoaded(shown, async (on, signal) => (await get<PageRenewalProjectOut>('/projects', { on, limit: MOST }, signal)).items)
export const budgets = useLoaded(shown, async (on, signal) => (await get<PageBudgetOut>('/budgets', { on, limit: MOST }, signal)).items)

/** The target that is shown: the chosen one, else the first. */
export const code = computed(() => targets.data?.find((each) => each.code === chosenTarget.value)?.code ?? targets.data?.[0]?.code ?? null)
export const target = useLoaded(
  () => (shown() && code.value ? `${asOf.value}|${code.value}` : null),
  (_, signal) => get<TargetDetail>(`/targets/${encodeURIComponent(code.value!)}`, { on: asOf.value }, signal),
)

/** The items that the words, the stage and `late` leave. */
export const items = computed(() => {
  const wanted = words.value.trim().toLowerCase()
  const fits = (name: string, no: number) => !wanted || name.toLowerCase().includes(wanted) || String(no) === wanted
  const ofStage = (stage: TargetStage, late: boolean) => !chosenStage.value || chosenStage.value === stage || (chosenStage.value === 'late' && late)
  return (target.data?.items ?? []).filter((each) => fits(each.name, each.item_no) && ofStage(each.stage, each.late.length > 0))
})
export const item = computed(() => target.data?.items.find((each) => String(each.item_no) === chosenItem.value) ?? null)

/** Load the target and its place in the list anew, once something of it has changed. */
export async function renew(): Promise<void> {
  await Promise.all([target.reload(), targets.reload()])
}
