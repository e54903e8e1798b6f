import { onScopeDispose, watch } from 'vue'

import { get } from '../api/client'
import type { SitingRunOut } from '../api/schema'
import { isFinal } from '../coverage/job'
import { useLoaded, type Loaded } from '../state/loaded'

const POLL_MS = 500

/** Follow a run until it has ended; the key names it, null none. */
export function useRun(key: () => string | null): Loaded<SitingRunOut> {
  let next: ReturnType<typeof setTimeout> | undefined
  const run = useLoaded(key, (id, signal) => get<SitingRunOut>(`/siting/runs/${id}`, {}, signal))
  watch(
    () => run.data,
    (known) => {
      clearTimeout(next)
      if (known && !isFinal(known.state)) next = setTimeout(() => key() === String(known.run_id) && void run.reload(), POLL_MS)
    },
  )
  onScopeDispose(() => clearTimeout(next), true)
  return run
}
