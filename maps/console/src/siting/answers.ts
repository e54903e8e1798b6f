import { computed } from 'vue'

import { get } from '../api/client'
import type { PagePlanSummary, PageSitingRunSummary, PlanChange, PlanComparison, PlanReport, PublicPlan, SitingDocument, SitingRunOut } from '../api/schema'
import { asOf } from '../state/boundaries'
import { LEVELS } from '../state/level'
import { useLoaded } from '../state/loaded'
import { can } from '../state/session'
import { viewed } from '../state/view'
import { useRun } from './follow'
import { maySite, plansOpen, siting } from './open'

const LISTED = 50

/** The run that is looked at. */
export const chosenRun = viewed('siting')
export const run = useRun(() => (siting.value && maySite.value && chosenRun.value) || null)

/** The runs so far, fetched again when one ends. */
export const runs = useLoaded(
  () => (siting.value && maySite.value ? `${chosenRun.value} ${Boolean(run.data?.finished_at)}` : null),
  async (_, signal) => (await get<PageSitingRunSummary>('/siting/runs', { limit: LISTED }, signal)).items,
)

export function isAnswered(of: SitingRunOut | null): boolean {
  return of?.certificate != null
}

/** The answer of the run that is looked at. */
export const answer = useLoaded(
  () => (siting.value && run.data && isAnswered(run.data) && String(run.data.run_id) === chosenRun.value ? chosenRun.value : null),
  (id, signal) => get<SitingDocument>(`/siting/runs/${id}/result.json`, {}, signal),
)

function planPath(name: string): string {
  return `/plans/${encodeURIComponent(name)}`
}

/** All plans that the reader may see, the newest first. */
export const plans = useLoaded(
  () => (plansOpen.value && can('read') ? true : null),
  async (_, signal) => (await get<PagePlanSummary>('/plans', { limit: LISTED }, signal)).items,
)

export const chosenPlan = viewed('plan')
export const plan = useLoaded(
  () => (plansOpen.value && chosenPlan.value ? JSON.stringify([chosenPlan.value, asOf.value]) : null),
  (key, signal) => {
    const [name, on] = JSON.parse(key) as [string, string]
    return get<PlanReport | PublicPlan>(planPath(name), { on }, signal)
  },
)

/** The plan exactly; null in the public form. */
export const exactPlan = computed(() => (plan.data && 'certificate' in plan.data && plan.data.name === chosenPlan.value ? plan.data : null))
export const publicPlan = computed(() => (plan.data && !('certificate' in plan.data) ? plan.data : null))
export const planDocument = useLoaded(
  () => exactPlan.value?.name ?? null,
  (name, signal) => get<SitingDocument>(`${planPath(name)}/document`, {}, signal),
)

/** A plan's question asked anew: the run that is under way or has ended. */
export const chosenRerun = viewed('rerun')
export const rerun = useRun(() => (plansOpen.value && maySite.value && chosenRerun.value) || null)
export const change = useLoaded(
  () => (chosenPlan.value && rerun.data && isAnswered(rerun.data) ? JSON.stringify([chosenPlan.value, rerun.data.run_id]) : null),
  (key, signal) => {
    const [name, id] = JSON.parse(key) as [string, number]
    return get<PlanChange>(`${planPath(name)}/change`, { run: id }, signal)
  },
)

const compared = viewed('compare')
/** The plans that stand side by side, one a line in the URL since a name may hold any other sign. */
export const comparedNames = computed(() => compared.value.split('\n').filter(Boolean))
export const comparison = useLoaded(
  () => (plansOpen.value && comparedNames.value.length > 1 ? comparedQuery() : null),
  (query, signal) => get<PlanComparison>(`/plans/compare?${query}`, {}, signal),
)

export function comparedQuery(): string {
  return new URLSearchParams(comparedNames.value.map((name) => ['plan', name])).toString()
}

/** The answer that is looked at, of a run or of a plan. */
export const shown = computed(() => {
  if (siting.value) return answer.data
  return plansOpen.value && !comparedNames.value.length ? planDocument.data : null
})

/** Areas that the answers side by side, or the one that is looked at, tell of. */
export const shownAreas = computed(() => comparison.data?.areas ?? shown.value?.areas ?? [])
export const shownLevels = computed(() => LEVELS.filter((level) => shownAreas.value.some((area) => area.level === level)))

const chosenLevel = viewed('level')

/** The level whose areas are listed and coloured: the chosen one, else the quarters or the lowest; null without an answer. */
export const sitingLevel = computed(() => {
  const known = shownLevels.value
  if (known.includes(chosenLevel.value)) return chosenLevel.value
  return known.includes('residential_quarter') ? 'residential_quarter' : (known.at(-1) ?? null)
})

/** Whether areas are coloured as they are or as they would be; of several plans, which one's. */
export const when = viewed('when')
/** The rank of the chosen point that is marked. */
export const chosenRank = viewed('rank')
