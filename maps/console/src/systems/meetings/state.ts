import { get } from '../../api/client'
import type { MeetingOut, MeetingRole, ProjectState, SelfProjectOut, TopicDetail, TopicOut, TopicState } from '../../api/schema'
import { asOf } from '../../state/boundaries'
import { useLoaded } from '../../state/loaded'
import { viewed } from '../../state/view'
import { language } from '../../words/texts'

export const VIEWS = ['topics', 'meetings', 'projects'] as const
export type View = (typeof VIEWS)[number]

/** The columns of the board, in the order in which a topic goes through them. */
export const STATES: TopicState[] = ['proposed', 'supported', 'agenda', 'decided', 'done', 'refused', 'withdrawn']
/** What may be done with a topic: its legal moves, and what is noted of an open one. */
export type Act = TopicDetail['legal'][number] | 'option' | 'objection' | 'hearing'
export const ROLES: MeetingRole[] = [
  'party_organisation', 'residents_committee', 'owners_committee', 'property_firm', 'police', 'partner_unit', 'social_group', 'locals', 'newcomers',
]
/** Which states of a project may follow which. */
export const STEPS: Record<ProjectState, ProjectState[]> = {
  applied: ['approved', 'turned_down'],
  approved: ['running'],
  running: ['finished'],
  finished: [],
  turned_down: [],
}

export const LISTED = 500

export const chosenTopic = viewed('topic')
export const words = viewed('q')
export const chosenState = viewed('state')
const chosenView = viewed('show')
const chosenPart = viewed('part')

export function viewShown(): View {
  return VIEWS.find((each) => each === chosenView.value) ?? 'topics'
}

/** What a list is asked for; null while another is shown, so that nothing is fetched for it. */
function asked(view: View, ...more: string[]): string | null {
  const here = chosenPart.value === 'meetings'
  return here && viewShown() === view ? [asOf.value, language.value, ...more].join('|') : null
}

type Items<T> = { items: T[] }

export const topics = useLoaded(
  () => asked('topics', words.value) ?? asked('meetings', 'agenda'),
  async (_, signal) => (await get<Items<TopicOut>>('/topics', { on: asOf.value, q: viewShown() === 'topics' ? words.value : null, limit: LISTED }, signal)).items,
)
export const topic = useLoaded(
  () => (chosenTopic.value ? asked('topics', chosenTopic.value) : null),
  (_, signal) => get<TopicDetail>(`/topics/${encodeURIComponent(chosenTopic.value)}`, { on: asOf.value }, signal),
)
export const meetings = useLoaded(
  () => asked('meetings') ?? asked('topics'),
  async (_, signal) => (await get<Items<MeetingOut>>('/meetings', { on: asOf.value, limit: LISTED }, signal)).items,
)
export const projects = useLoaded(
  () => asked('projects'),
  async (_, signal) => (await get<Items<SelfProjectOut>>('/self-projects', { on: asOf.value, limit: LISTED }, signal)).items,
)

/** Show what has changed. */
export async function reloadTopics(): Promise<void> {
  await Promise.all([topics.reload(), topic.reload(), meetings.reload()])
}
