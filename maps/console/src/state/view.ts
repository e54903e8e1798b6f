import { computed, type ComputedRef } from 'vue'

import { router } from '../router'

/** What the reader looks at lives in the URL, so that a link shows the same to everybody. */
type Patch = Record<string, string | null>

let pending: Patch = {}
let pushes = false

/** Change some query parameters (null removes one); changes of one moment become one navigation. */
export function patchView(patch: Patch, { push = false } = {}): void {
  const idle = Object.keys(pending).length === 0
  pending = { ...pending, ...patch }
  pushes ||= push
  if (idle) queueMicrotask(navigate)
}

function navigate(): void {
  const { query, path } = router.currentRoute.value
  const merged = Object.fromEntries(Object.entries({ ...query, ...pending }).filter(([, value]) => value))
  const target = { path, query: merged }
  void (pushes ? router.push(target) : router.replace(target))
  pending = {}
  pushes = false
}

/** One query parameter as text, empty when absent. */
export function viewed(key: string): ComputedRef<string> {
  return computed(() => {
    const value = router.currentRoute.value.query[key]
    return typeof value === 'string' ? value : ''
  })
}

export type SelectionKind = 'area' | 'place' | 'case'

export interface Selection {
  kind: SelectionKind
  id: string
}

const selected = viewed('select')

/** The one thing shown in the drawer, written `kind:id` in the URL. */
export const selection = computed<Selection | null>(() => {
  const match = /^(area|place|case):(.+)$/.exec(selected.value)
  return match ? { kind: match[1] as SelectionKind, id: match[2]! } : null
})

export function select(kind: SelectionKind, id: string | number): void {
  patchView({ select: `${kind}:${id}` }, { push: true })
}

export function deselect(): void {
  if (selection.value) patchView({ select: null }, { push: true })
}

export function isSelected(kind: SelectionKind, id: string | number): boolean {
  return selected.value === `${kind}:${id}`
}
