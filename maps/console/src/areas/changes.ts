import { get } from '../api/client'
import type { DiffOut, EditionDetail } from '../api/schema'
import { edition } from '../state/boundaries'
import { useLoaded } from '../state/loaded'

const ON_THE_WAY = ['draft', 'checked', 'approved']

export function isOnTheWay(of: EditionDetail): boolean {
  return ON_THE_WAY.includes(of.state)
}

/** What the edition that is looked at changes; each step in its life makes another version of it. */
export const changes = useLoaded(
  () => (edition.value && edition.value.state !== 'withdrawn' ? `${edition.value.edition_id}/${edition.value.version}` : null),
  (_, signal) => get<DiffOut>(`/drafts/${edition.value!.edition_id}/diff`, {}, signal),
)
