import { shallowReactive, watch } from 'vue'

import { Problem } from '../api/client'
import type { Loaded } from '../state/loaded'

/** What is asked: `sort` tells which answers may stand for each other while a question is waiting. */
export interface Question<K> {
  sort: string
  of: K
}

/**
 * Ask for something that changes faster than answers come, such as the spot under a hand that drags it.
 *
 * One request is under way at a time. What changes meanwhile waits, and only the last of it is asked next, so that the
 * server sets the pace and no answer can overtake another. A question of another sort drops the one under way.
 */
export function useNewest<K, T>(question: () => Question<K> | null, ask: (of: K, signal: AbortSignal) => Promise<T>): Loaded<T> {
  let running: { sort: string; stop: AbortController } | null = null
  let waiting: Question<K> | null = null

  function drop(): void {
    running?.stop.abort()
    running = waiting = null
    state.loading = false
  }

  async function run(first: Question<K>): Promise<void> {
    const mine = (running = { sort: first.sort, stop: new AbortController() })
    state.loading = true
    for (let next: Question<K> | null = first; next; next = waiting) {
      waiting = null
      const [data, problem] = await answered(next.of, mine.stop.signal)
      if (running !== mine) return
      Object.assign(state, { data, problem })
    }
    drop()
  }

  async function answered(of: K, signal: AbortSignal): Promise<[T | null, Problem | null]> {
    try {
      return [await ask(of, signal), null]
    } catch (error) {
      if (signal.aborted) return [null, null]
      if (!(error instanceof Problem)) throw error
      return [null, error]
    }
  }

  async function reload(): Promise<void> {
    const next = question()
    if (!next) {
      drop()
      Object.assign(state, { data: null, problem: null })
    } else if (running?.sort === next.sort) {
      waiting = next
    } else {
      drop()
      await run(next)
    }
  }

  const state = shallowReactive<Loaded<T>>({ data: null, problem: null, loading: false, reload })
  watch(() => JSON.stringify(question()), reload, { immediate: true })
  return state
}
