import { computed, shallowRef } from 'vue'

import { get, type Query } from '../api/client'
import type { CellRow, CoverOut, GridOut, KindOut, Kinds, PageCellRow, PageGridOut, Posts, ProposalOut, WorkloadOut } from '../api/schema'
import { router } from '../router'
import { boundaries } from '../state/boundaries'
import { boundaryStamp } from '../state/folder'
import { useLoaded } from '../state/loaded'
import { can } from '../state/session'
import { viewed } from '../state/view'
import { language } from '../words/texts'

const PAGE = 1000
const MOST_PAGES = 40

/** The area whose cells and grids are looked at; the whole folder without one. */
export const chosenArea = viewed('area')
/** The number of the generation whose report is open. */
export const chosenGeneration = viewed('generation')
/** Which part of a tab is open. */
export const part = viewed('part')
const chosenKind = viewed('kind')

function onPages(...names: string[]): boolean {
  return names.includes(String(router.currentRoute.value.name)) && can('read')
}

/** Fetch a list page by page. */
async function all<T>(path: string, query: Query, signal: AbortSignal): Promise<T[]> {
  const found: T[] = []
  let cursor: string | null = null
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { items, next } = (await get<{ items: T[]; next: string | null }>(path, { ...query, limit: PAGE, cursor }, signal)) as { items: T[]; next: string | null }
    found.push(...items)
    cursor = next && new URL(next, location.href).searchParams.get('cursor')
    if (!cursor) break
  }
  return found
}

/** The cells of the chosen area by code. */
export const cells = useLoaded(
  () => (onPages('cells', 'responsibility') && chosenArea.value && !chosenGeneration.value ? JSON.stringify({ ...boundaries.value, area: chosenArea.value }) : null),
  (key, signal) => all<PageCellRow['items'][number]>('/cells', JSON.parse(key) as Query, signal),
)
export const cellByCode = computed(() => new Map((cells.data ?? []).map((cell): [string, CellRow] => [cell.code, cell])))

/** The kinds of responsibility grids. */
export const kinds = useLoaded(
  () => (can('read') ? true : null),
  async (_, signal) => (await get<Kinds>('/grid-kinds', {}, signal)).items,
)

/** The kind that is looked at: the one in the URL, else inspection, else the first. */
export const kind = computed((): string | null => {
  const known = (kinds.data ?? []).map(({ code }) => code)
  return [chosenKind.value, 'inspection'].find((code) => known.includes(code)) ?? known[0] ?? null
})

export function kindName(code: string): string {
  const found = kinds.data?.find((each: KindOut) => each.code === code)
  return found ? (language.value === 'zh' ? found.name_zh : found.name_en) : code
}

function asked(...parts: string[]): string | null {
  const open = onPages('responsibility') && (!parts.length || parts.includes(part.value || 'grids'))
  return open && kind.value ? JSON.stringify({ ...boundaries.value, kind: kind.value }) : null
}

/** The grids of the kind on the day. */
export const grids = useLoaded(
  () => asked(),
  (key, signal) => all<PageGridOut['items'][number]>('/responsibility-grids', JSON.parse(key) as Query, signal),
)
export const gridByCode = computed(() => new Map((grids.data ?? []).map((grid): [string, GridOut] => [grid.code, grid])))

/** The posts of the kind on the day. */
export const posts = useLoaded(
  () => asked(),
  async (key, signal) => (await get<Posts>('/officer-posts', JSON.parse(key) as Query, signal)).items,
)
export const postByCode = computed(() => new Map((posts.data ?? []).map((post) => [post.code, post])))

/** What is wrong with the grids of the kind. */
export const cover = useLoaded(
  () => asked('cover'),
  (key, signal) => get<CoverOut>('/responsibility-grids/cover', JSON.parse(key) as Query, signal),
)

/** What each grid has to do; counting the whole folder takes long, so the list of grids asks for it within an area alone. */
export const workload = useLoaded(
  () => {
    const key = asked(...(chosenArea.value ? ['grids', 'workload'] : ['workload']))
    return key && JSON.stringify({ ...(JSON.parse(key) as Query), area: chosenArea.value })
  },
  (key, signal) => get<WorkloadOut>('/responsibility-grids/workload', JSON.parse(key) as Query, signal),
)

/** The codes of the grids that have cells in the chosen area; null for all. */
export const gridsHere = computed(() => {
  if (!chosenArea.value || !cells.data || !kind.value) return null
  return new Set(cells.data.map((cell) => cell.grids[kind.value!]).filter((code) => code !== undefined))
})

export const shownGrids = computed(() => (grids.data ?? []).filter(({ code }) => !gridsHere.value || gridsHere.value.has(code)))

/** A more even division that is looked at; nothing of it is stored. */
export const proposal = shallowRef<ProposalOut | null>(null)

/** The code of the grid that the map goes to once its surface is known. */
export const wantedGrid = shallowRef<string | null>(null)

/** Fetch again what follows grids, after they were changed. */
export async function reloadGrids(): Promise<void> {
  boundaryStamp.value += 1
  await Promise.all([grids, posts, cover, workload, cells].map((each) => each.reload()))
}
