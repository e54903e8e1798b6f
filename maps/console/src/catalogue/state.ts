import { computed } from 'vue'

import { get } from '../api/client'
import type {
  CatalogueOut,
  CaseTypeOut,
  HandlingDepartmentDetail,
  HandlingDepartmentList,
  ListKind,
  MatterChangesOut,
  MatterSearch,
  MattersLists,
  MattersOut,
} from '../api/schema'
import { router } from '../router'
import { asOf } from '../state/boundaries'
import { useLoaded } from '../state/loaded'
import { can } from '../state/session'
import { viewed } from '../state/view'
import { language } from '../words/texts'

export const PARTS = ['types', 'departments', 'matters'] as const
export type Part = (typeof PARTS)[number]

const chosenPart = viewed('part')
const chosenList = viewed('list')
const chosenType = viewed('type')
const chosenDepartment = viewed('department')
export const words = viewed('q')

export const LISTS: ListKind[] = ['matters', 'powers']
/** Which of the two lists is shown: matters, unless the address says powers. */
export const list = computed(() => LISTS.find((each) => each === chosenList.value) ?? 'matters')

export function partShown(): Part {
  return PARTS.find((each) => each === chosenPart.value) ?? 'types'
}

/** The day and the language of what is shown on a part of the page, with one thing of it; null on other pages. */
function asked(part: Part, one: string | null = ''): string | null {
  const here = router.currentRoute.value.name === 'catalogue' && can('read') && partShown() === part
  return here && one !== null ? [asOf.value, language.value, one].join('|') : null
}

export const catalogue = useLoaded(
  () => asked('types'),
  (_, signal) => get<CatalogueOut>('/catalogue', { on: asOf.value }, signal),
)
export const caseType = useLoaded(
  () => asked('types', chosenType.value || null),
  (_, signal) => get<CaseTypeOut>(`/catalogue/types/${encodeURIComponent(chosenType.value)}`, { on: asOf.value }, signal),
)
export const departments = useLoaded(
  () => asked('departments'),
  async (_, signal) => (await get<HandlingDepartmentList>('/departments', { on: asOf.value }, signal)).items,
)
export const department = useLoaded(
  () => asked('departments', chosenDepartment.value || null),
  (_, signal) => get<HandlingDepartmentDetail>(`/departments/${encodeURIComponent(chosenDepartment.value)}`, { on: asOf.value }, signal),
)
export const matters = useLoaded(
  () => asked('matters', list.value),
  (_, signal) => get<MattersOut>('/matters', { on: asOf.value, list: list.value }, signal),
)
export const lists = useLoaded(
  () => asked('matters', list.value),
  async (_, signal) => (await get<MattersLists>('/matters/lists', { list: list.value }, signal)).items,
)

/** What became of the items of the list before the one in force; null where it is the first. */
export const changes = useLoaded(
  () => (previous() ? asked('matters', [list.value, previous()].join('|')) : null),
  (_, signal) => get<MatterChangesOut>('/matters/changes', { from: previous(), to: asOf.value, list: list.value }, signal),
)

/** Who does what is looked for: in both lists, with the departments that hold it and what it was before. */
export const holders = useLoaded(
  () => (words.value.trim() ? asked('matters', words.value.trim()) : null),
  async (_, signal) => (await get<MatterSearch>('/matters/search', { q: words.value.trim(), on: asOf.value }, signal)).items,
)

function previous(): string | null {
  const begun = (lists.data ?? []).filter(({ valid_from }) => valid_from <= asOf.value)
  return begun.at(-2)?.valid_from ?? null
}

/** Whether some texts hold the words that are looked for. */
export function holds(...said: (string | null)[]): boolean {
  const wanted = words.value.trim().toLowerCase()
  return said.some((each) => each?.toLowerCase().includes(wanted))
}
