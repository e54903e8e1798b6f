import { onBeforeUnmount, onMounted, ref } from 'vue'

import { deselect } from './view'

export const SEARCH_ID = 'search'

/** Whether the list of keys is open. */
export const keysShown = ref(false)

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

function onKey(event: KeyboardEvent): void {
  const target = event.target as HTMLElement
  const typing = target.matches('input, textarea, select, [contenteditable]')
  const inDialog = target.closest('[role="dialog"]') !== null
  if (typing || inDialog || event.ctrlKey || event.metaKey || event.altKey) return
  const action = ACTIONS[event.key]
  if (!action) return
  if (event.key !== 'Enter') event.preventDefault()
  action()
}

/** Let the whole page answer to the keyboard while the calling component is mounted. */
export function useKeys(): void {
  onMounted(() => document.addEventListener('keydown', onKey))
  onBeforeUnmount(() => document.removeEventListener('keydown', onKey))
}
