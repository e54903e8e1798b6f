import { computed } from 'vue'

import { get, withQuery } from '../../api/client'
import type { AreaProfileOut } from '../../api/schema'
import { router } from '../../router'
import { asOf, isDay } from '../../state/boundaries'
import { useLoaded } from '../../state/loaded'
import { can } from '../../state/session'
import { goTo, viewed } from '../../state/view'
import { language } from '../../words/texts'

/** The code of the area whose page is shown, empty on other pages. */
export const code = computed(() => {
  const route = router.currentRoute.value
  return route.name === 'area_profile' && typeof route.params.code === 'string' ? route.params.code : ''
})

const beside = viewed('beside')

/** The day that is compared with, empty without one. */
export const comparedWith = computed(() => (isDay(beside.value) ? beside.value : ''))

/** The address of the page of an area; the day and what else is kept goes along with `goTo`. */
export function profilePath(of: string): string {
  return `/areas/${encodeURIComponent(of)}`
}

/** Go to the page of another area, beside the same day. */
export function openProfile(of: string): void {
  goTo(profilePath(of), comparedWith.value ? { beside: comparedWith.value } : {})
}

export const profile = useLoaded(
  () => (code.value && can('read') ? JSON.stringify([code.value, asOf.value, comparedWith.value, language.value]) : null),
  (key, signal) => {
    const [of, on, compare_on, lang] = JSON.parse(key) as [string, string, string, string]
    return get<AreaProfileOut>(`/areas/${encodeURIComponent(of)}/profile`, { on, compare_on: compare_on || null, lang }, signal)
  },
)

/** The page of the yearbook of the year that is shown, to be printed. */
export const yearbook = computed(() =>
  withQuery(`/api/v1/areas/${encodeURIComponent(code.value)}/yearbook`, { year: asOf.value.slice(0, 4), lang: language.value }),
)
