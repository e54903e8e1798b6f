import { shallowReactive } from 'vue'

import { Problem } from '../api/client'

/** Something asked of the server by a form: whether it is under way, and what was wrong with the last try. */
export interface Asking {
  busy: boolean
  problem: Problem | null
  run: (action: () => Promise<void>) => Promise<boolean>
}

/** Keep the problem of what a form asks; `run` tells whether it went well. */
export function useAsking(): Asking {
  async function run(action: () => Promise<void>): Promise<boolean> {
    asking.busy = true
    asking.problem = null
    try {
      await action()
      return true
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      asking.problem = error
      return false
    } finally {
      asking.busy = false
    }
  }

  const asking = shallowReactive<Asking>({ busy: false, problem: null, run })
  return asking
}
