import { get } from '../api/client'
import type {
  CatalogueOut,
  CaseTypeOut,
  HandlingDepartmentDetail,
  HandlingDepartmentList,
  MatterChangesOut,
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
const chosenType = viewed('type')
const chosenDepartment = viewed('department')
export const words = viewed('q')

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
  () => asked('matters'),
  (_, signal) => get<MattersOut>('/matters', { on: asOf.value }, signal),
)
export const lists = useLoaded(
  () => asked('matters'),
  async (_, signal) => (await get<MattersLists>('/matters/lists', {}, signal)).items,
)

/** What became of the matters of the list before the one in force; null where it is the first. */
export const changes = useLoaded(
  () => (previous() ? asked('matters', previous()) : null),
  (_, signal) => get<MatterChangesOut>('/matters/changes', { from: previous(), to: asOf.value }, signal),
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
