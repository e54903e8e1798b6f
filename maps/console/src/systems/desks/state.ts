import { get } from '../../api/client'
import type { CentreType, DeskDetail, DeskKind, DeskOut, DeskReachOut, NearestDesksOut, PageDeskOut, WhoseJobOut } from '../../api/schema'
import { router } from '../../router'
import { asOf } from '../../state/boundaries'
import { useLoaded } from '../../state/loaded'
import { can } from '../../state/session'
import { viewed } from '../../state/view'
import { positionOf } from '../../words/format'
import { language } from '../../words/texts'

export const VIEWS = ['ask', 'list', 'reach'] as const
export const KINDS: DeskKind[] = ['centre', 'branch', 'extension_desk', 'joint_service_centre', 'social_organisation_centre']
export const TYPES: CentreType[] = ['community_affairs', 'health', 'culture', 'party_building', 'public_security', 'grid_management', 'social_organisations']
export type View = (typeof VIEWS)[number]

const chosenPart = viewed('part')
const chosenView = viewed('view')
const spotText = viewed('spot')
export const words = viewed('q')
export const matter = viewed('matter')
export const kind = viewed('kind')
export const type = viewed('type')
export const chosen = viewed('desk')

export function viewShown(): View {
  return VIEWS.find((each) => each === chosenView.value) ?? 'ask'
}

/** The place that is asked about, kept in the URL. */
export function spot(): [number, number] | null {
  return spotText.value ? positionOf(spotText.value) : null
}

/** What decides an answer of a view of this part; null while something else is shown, or something is missing. */
function asked(view: View, ...given: (string | null)[]): string | null {
  const here = router.currentRoute.value.name === 'systems' && chosenPart.value === 'desks' && can('read') && viewShown() === view
  return here && !given.includes(null) ? [asOf.value, language.value, ...given].join('|') : null
}

const at = (): { lon: number; lat: number } => ({ lon: spot()![0], lat: spot()![1] })

export const job = useLoaded(
  () => asked('ask', spot() && spotText.value, words.value.trim() || null),
  (_, signal) => get<WhoseJobOut>('/whose-job', { ...at(), q: words.value.trim(), on: asOf.value }, signal),
)
export const nearest = useLoaded(
  () => asked('ask', spot() && spotText.value, matter.value),
  (_, signal) => get<NearestDesksOut>('/desks/nearest', { ...at(), matter: matter.value, on: asOf.value, limit: 6 }, signal),
)
export const desks = useLoaded(
  () => asked('list', words.value, matter.value, kind.value, type.value),
  async (_, signal): Promise<DeskOut[]> => {
    const query = { q: words.value.trim(), matter: matter.value, kind: kind.value, type: type.value, on: asOf.value, limit: 1000 }
    return (await get<PageDeskOut>('/desks', query, signal)).items
  },
)
export const desk = useLoaded(
  () => asked('list', chosen.value || null),
  (_, signal) => get<DeskDetail>(`/desks/${encodeURIComponent(chosen.value)}`, { on: asOf.value }, signal),
)
export const reach = useLoaded(
  () => asked('reach'),
  (_, signal) => get<DeskReachOut>('/desks/reach', { on: asOf.value }, signal),
)

/** What stands in lines of its own, without empty ones. */
export function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((each) => each.trim())
    .filter(Boolean)
}
