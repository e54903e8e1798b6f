import { onBeforeUnmount, onMounted, ref, shallowReactive, watch } from 'vue'

import { deselect } from './view'

export const SEARCH_ID = 'search'

/** Whether the list of keys is open. */
export const keysShown = ref(false)

/** What a key does on the page that is open, and how the list of keys names it. */
export interface PageKey {
  words: string
  act: () => void
}

/** The keys that the open page answers to besides those of every page. */
export const pageKeys = shallowReactive(new Map<string, PageKey>())

/** Let the page answer to more keys while the calling component is mounted; the later of two owners of a key has it. */
export function usePageKeys(given: () => Record<string, PageKey>): void {
  let mine: Record<string, PageKey> = {}
  function withdraw(): void {
    for (const [key, owned] of Object.entries(mine)) if (pageKeys.get(key) === owned) pageKeys.delete(key)
  }
  watch(
    given,
    (keys) => {
      withdraw()
      mine = keys
      for (const [key, owned] of Object.entries(keys)) pageKeys.set(key, owned)
    },
    { immediate: true },
  )
  onBeforeUnmount(withdraw)
}

function rows(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>('[data-row]')].filter((row) => row.offsetParent !== null)
}

function moveRow(step: 1 | -1): void {
  const all = rows()
  const current = all.indexOf(document.activeElement as HTMLElement)
  const next = current < 0 ? 0 : Math.min(Math.max(current + step, 0), all.length - 1)
  all[next]?.focus()
  all[next]?.scrollIntoView({ block: 'nearest' })
}

function openRow(): void {
  const focused = document.activeElement
  if (focused instanceof HTMLElement && focused.matches('[data-row]:not(button)')) focused.click()
}

const ACTIONS: Record<string, () => void> = {
  '/': () => document.getElementById(SEARCH_ID)?.focus(),
  j: () => moveRow(1),
  k: () => moveRow(-1),
  Enter: openRow,
  Escape: deselect,
  '?': () => (keysShown.value = true),
}

/** The arrows walk the rows unless something else has the focus that answers to them, such as the map. */
const ARROWS: Record<string, () => void> = { ArrowDown: () => moveRow(1), ArrowUp: () => moveRow(-1) }

function ofRows(target: HTMLElement): boolean {
  return target === document.body || target.matches('main, [data-row]')
}

function onKey(event: KeyboardEvent): void {
  const target = event.target as HTMLElement
  const typing = target.matches('input, textarea, select, [contenteditable]')
  const inDialog = target.closest('[role="dialog"]') !== null
  if (typing || inDialog || event.ctrlKey || event.metaKey || event.altKey) return
  const action = pageKeys.get(event.key)?.act ?? ACTIONS[event.key] ?? (ofRows(target) ? ARROWS[event.key] : undefined)
  if (!action) return
  if (event.key !== 'Enter') event.preventDefault()
  action()
}

/** Let the whole page answer to the keyboard while the calling component is mounted. */
export function useKeys(): void {
  onMounted(() => document.addEventListener('keydown', onKey))
  onBeforeUnmount(() => document.removeEventListener('keydown', onKey))
}
