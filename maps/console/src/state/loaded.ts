import { shallowReactive, watch } from 'vue'

import { Problem } from '../api/client'

/** Something fetched: at any time its last value, the problem of the last try, and whether a try is under way. */
export interface Loaded<T> {
  data: T | null
  problem: Problem | null
  loading: boolean
  reload: () => Promise<void>
}

/**
 * Fetch for a key, and again whenever the key changes; a null key holds nothing.
 * An answer that arrives after its key has changed is dropped.
 */
export function useLoaded<K, T>(key: () => K | null, load: (key: K, signal: AbortSignal) => Promise<T>): Loaded<T> {
  let running: AbortController | null = null

  async function reload(): Promise<void> {
    running?.abort()
    const current = key()
    state.problem = null
    state.loading = current !== null
    if (current === null) {
      state.data = null
      return
    }
    const mine = (running = new AbortController())
    try {
      const data = await load(current, mine.signal)
      if (!mine.signal.aborted) state.data = data
    } catch (error) {
      if (mine.signal.aborted) return
      if (!(error instanceof Problem)) throw error
      state.problem = error
      state.data = null
    } finally {
      if (!mine.signal.aborted) state.loading = false
    }
  }

  const state = shallowReactive<Loaded<T>>({ data: null, problem: null, loading: false, reload })
  watch(key, reload, { immediate: true })
  return state
}
