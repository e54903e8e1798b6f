import { computed, type ComputedRef } from 'vue'

import { router } from '../router'

/** What the reader looks at lives in the URL, so that a link shows the same to everybody. */
type Patch = Record<string, string | null>

/** Navigations wait for each other: one that overtook another would cancel it and lose what it had changed. */
let last: Promise<unknown> = Promise.resolve()

/** Change some query parameters; null removes one. With `push`, Back returns to what was before. */
export function patchView(patch: Patch, { push = false } = {}): void {
  last = last.then(() => {
    const { query, path } = router.currentRoute.value
    const merged = Object.fromEntries(Object.entries({ ...query, ...patch }).filter(([, value]) => value))
    return push ? router.push({ path, query: merged }) : router.replace({ path, query: merged })
  })
}

/** What stays when the page changes: all but the selection and what belongs to one page. */
const KEPT = ['run', 'level', 'lang', 'camera', 'on']

/** Go to another page, with what is to be shown there. */
export function goTo(path: string, shown: Record<string, string> = {}): void {
  last = last.then(() => {
    const { query } = router.currentRoute.value
    return router.push({ path, query: { ...Object.fromEntries(KEPT.map((name) => [name, query[name]])), ...shown } })
  })
}

/** One query parameter as text, empty when absent. */
export function viewed(key: string): ComputedRef<string> {
  return computed(() => {
    const value = router.currentRoute.value.query[key]
    return typeof value === 'string' ? value : ''
  })
}

export type SelectionKind = 'address' | 'area' | 'place' | 'case' | 'grid' | 'gate'

export interface Selection {
  kind: SelectionKind
  id: string
}

const selected = viewed('select')

/** The one thing shown in the drawer, written `kind:id` in the URL. */
export const selection = computed<Selection | null>(() => {
  const match = /^(address|area|place|case|grid|gate):(.+)$/.exec(selected.value)
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
