import { computed, ref } from 'vue'

import { get, type Query } from '../api/client'
import type { AnsweredRun, AreaOut, FolderOut, PageAreaOut, PageRunSummary } from '../api/schema'
import { router } from '../router'
import { boundaries, editions } from './boundaries'
import { useLoaded } from './loaded'
import { can } from './session'
import { patchView, viewed } from './view'

const PAGE = 1000
const MOST_PAGES = 20

/** The levels that are kept here as a whole; the grid cells of a district are too many, and fetched where they are looked at. */
const KEPT = ['district', 'town', 'basic_management_unit', 'sector', 'residential_quarter']

/** Fetch all areas of some boundaries but for grid cells, in order of their codes. */
async function allAreas(seen: Query, signal: AbortSignal): Promise<AreaOut[]> {
  const levels = await Promise.all(KEPT.map((level) => areasOfLevel({ ...seen, level }, signal)))
  return levels.flat().sort((one, other) => (one.code < other.code ? -1 : Number(one.code > other.code)))
}

async function areasOfLevel(seen: Query, signal: AbortSignal): Promise<AreaOut[]> {
  const areas: AreaOut[] = []
  let cursor: string | null = null
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { items, next }: PageAreaOut = await get<PageAreaOut>('/areas', { ...seen, limit: PAGE, cursor }, signal)
    areas.push(...items)
    cursor = next && new URL(next, location.href).searchParams.get('cursor')
    if (!cursor) break
  }
  return areas
}

/** Nothing is fetched before the URL has been read, since it says which run is meant, nor by who may not read. */
const routed = () => (router.currentRoute.value.matched.length > 0 && can('read') ? true : null)

/** What the data folder holds as a whole. */
export const folder = useLoaded(routed, (_, signal) => get<FolderOut>('/folder', {}, signal))

/** All areas of the boundaries that are shown but for grid cells, for search, labels and names by code. */
export const areas = useLoaded(
  () => routed() && JSON.stringify(boundaries.value),
  (seen, signal) => allAreas(JSON.parse(seen) as Query, signal),
)

/** Counts the changes of boundaries made here, so that the map asks for its tiles again. */
export const boundaryStamp = ref(0)

/** Fetch again what follows the boundaries, after they were changed. */
export async function reloadBoundaries(): Promise<void> {
  await Promise.all([editions.reload(), areas.reload()])
  boundaryStamp.value += 1
}

/** The newest runs, newest first. */
export const runs = useLoaded(routed, async (_, signal) =>
  (await get<PageRunSummary>('/coverage/runs', { limit: 20 }, signal)).items.filter((run) => run.state === 'succeeded'),
)

const chosenRun = viewed('run')

/** Fetch again what every page needs, after the server was away. */
export async function reloadAll(): Promise<void> {
  await Promise.all([folder.reload(), areas.reload(), runs.reload()])
}

/** The run that is shown: the one in the URL, else the newest one of everything as it is, else the newest. */
export const runId = computed(() => {
  const known = runs.data ?? []
  const newest = known.find((each) => each.area_code === null && each.scenario === null) ?? known[0]
  return chosenRun.value || (newest ? String(newest.run_id) : null)
})

export const run = useLoaded(
  () => (can('read') ? runId.value : null),
  (id, signal) => get<AnsweredRun>(`/coverage/runs/${id}`, {}, signal),
)

export const report = computed(() => run.data?.report ?? null)

/** The boundary editions that the run's numbers are about. */
export const runEditions = computed(() => new Set((report.value?.inputs ?? []).filter((input) => input.subject === 'areas').map((input) => input.name)))

/** Whether an area is one that the run counted: another boundary of the same code is not. */
export function isOfRun(area: Pick<AreaOut, 'edition'>): boolean {
  return runEditions.value.has(area.edition)
}

/** The shown areas of levels the run counted that have another boundary than it counted within, so without numbers. */
export const uncounted = computed(() => {
  const counted = new Set(report.value?.levels.map((each): string => each.level))
  return (areas.data ?? []).filter((area) => counted.has(area.level) && !isOfRun(area))
})

/** Tell whether an area is meant by what somebody types: a part of its name, or how its code begins. */
export function isMeant({ name, code }: Pick<AreaOut, 'name' | 'code'>, typed: string): boolean {
  const text = typed.trim().toLowerCase()
  return name.toLowerCase().includes(text) || code.toLowerCase().startsWith(text)
}

export const areaByCode = computed(() => new Map((areas.data ?? []).map((area) => [area.code, area])))

export async function showRun(id: number): Promise<void> {
  await runs.reload()
  patchView({ run: String(id), select: null })
}
