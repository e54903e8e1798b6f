import { computed } from 'vue'

import { router } from '../router'
import { can } from '../state/session'
import { viewed } from '../state/view'

/** What the coverage page is read by: the answer itself, and what goes beyond it. */
export const PARTS = ['result', 'gaps', 'flows', 'access', 'compare', 'orders', 'gates', 'plans'] as const
export type Part = (typeof PARTS)[number]

const chosen = viewed('part')

/** The part that is open; null on another page, or for somebody who may not read. */
export const part = computed((): Part | null => {
  if (router.currentRoute.value.name !== 'coverage' || !can('read')) return null
  return PARTS.find((each) => each === chosen.value) ?? 'result'
})
