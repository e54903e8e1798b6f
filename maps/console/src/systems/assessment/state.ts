import { get } from '../../api/client'
import type { AssessmentResultOut, AssessmentRoundOut, PageAssessmentRoundOut, ScoreOut } from '../../api/schema'
import { router } from '../../router'
import { useLoaded } from '../../state/loaded'
import { can } from '../../state/session'
import { viewed } from '../../state/view'
import { shortNumber } from '../../words/format'
import { language } from '../../words/texts'

const part = viewed('part')
const chosenRound = viewed('round')
const chosenScore = viewed('score')

const MOST_ROUNDS = 200

/** What is asked for while this part is shown, in the reader's language; null elsewhere. */
function asked(one: string | number | null = ''): string | null {
  const here = router.currentRoute.value.name === 'systems' && part.value === 'assessment' && can('read')
  return here && one !== null ? `${language.value}|${one}` : null
}

export const rounds = useLoaded(
  () => asked(),
  async (_, signal) => (await get<PageAssessmentRoundOut>('/assessment/rounds', { limit: MOST_ROUNDS }, signal)).items,
)

/** The round that is chosen, else the last one opened. */
export function roundShown(): AssessmentRoundOut | null {
  const all = rounds.data ?? []
  return all.find(({ round_id }) => String(round_id) === chosenRound.value) ?? all[0] ?? null
}

export const result = useLoaded(
  () => asked(roundShown()?.round_id ?? null),
  (_, signal) => get<AssessmentResultOut>(`/assessment/rounds/${roundShown()?.round_id}`, {}, signal),
)

/** Codes of subject and item of the score that is opened. */
export function scoreShown(): [string, string] | null {
  const [subject, item] = chosenScore.value.split('~')
  return subject && item ? [subject, item] : null
}

export const score = useLoaded(
  () => (scoreShown() && result.data ? asked(`${result.data.round_id}/${chosenScore.value}`) : null),
  (_, signal) => get<ScoreOut>(`/assessment/rounds/${result.data?.round_id}/scores/${scoreShown()!.map(encodeURIComponent).join('/')}`, {}, signal),
)

/** Load again what a change of a round changes. */
export async function reloadRound(): Promise<void> {
  await Promise.all([rounds.reload(), result.reload(), score.reload()])
}

/** Points with at most two decimals; a dash where nothing could be judged. */
export function points(value: number | null | undefined): string {
  return value == null ? '—' : shortNumber(value, 2)
}
