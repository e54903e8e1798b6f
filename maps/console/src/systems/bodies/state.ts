import { computed, shallowRef } from 'vue'

import { get, withQuery } from '../../api/client'
import type {
  BodyDetail,
  OrganisationKind,
  PageAreaFactOut,
  PageBodyOut,
  PagePurchasedServiceOut,
  SubdistrictOffices,
} from '../../api/schema'
import { asOf } from '../../state/boundaries'
import { useLoaded } from '../../state/loaded'
import { can } from '../../state/session'
import { viewed } from '../../state/view'
import { language } from '../../words/texts'

export const KINDS: OrganisationKind[] = [
  'subdistrict_office', 'party_organisation', 'residents_committee', 'village_committee', 'owners_committee', 'property_firm',
  'village_supervision_committee', 'autonomy_guidance_centre', 'social_organisation', 'unit_committee', 'management_committee',
  'police_station', 'partner_unit', 'other',
]
/** As many as are shown of a list; the file has all. */
const MOST = 200

export const area = viewed('in')
export const kind = viewed('kind')
export const words = viewed('q')
export const chosen = viewed('body')

/** Whether the part is shown; nothing is asked for before. */
export const isOpen = shallowRef(false)

const shown = (): string | null => (isOpen.value && can('read') ? [asOf.value, language.value, area.value].join('|') : null)
const place = computed(() => ({ on: asOf.value, area: area.value || null, lang: language.value }))
const wanted = computed(() => ({ ...place.value, kind: kind.value || null, q: words.value || null }))

export const bodies = useLoaded(
  () => shown() && [shown(), kind.value, words.value].join('|'),
  (_, signal) => get<PageBodyOut>('/bodies', { ...wanted.value, limit: MOST }, signal),
)
export const body = useLoaded(
  () => (shown() && chosen.value ? [asOf.value, language.value, chosen.value].join('|') : null),
  (_, signal) => get<BodyDetail>(`/bodies/${encodeURIComponent(chosen.value)}`, { on: asOf.value, lang: language.value }, signal),
)
export const facts = useLoaded(shown, (_, signal) => get<PageAreaFactOut>('/facts', { ...place.value, limit: MOST }, signal))
export const services = useLoaded(shown, (_, signal) => get<PagePurchasedServiceOut>('/purchased-services', { ...place.value, limit: MOST }, signal))
export const offices = useLoaded(
  () => (isOpen.value && can('read') ? asOf.value : null),
  (on, signal) => get<SubdistrictOffices>('/subdistrict-offices', { on }, signal),
)

export const files = computed(() => ({
  bodies: withQuery('/api/v1/bodies.csv', wanted.value),
  facts: withQuery('/api/v1/facts.csv', place.value),
  services: withQuery('/api/v1/purchased-services.csv', place.value),
}))

export async function renew(): Promise<void> {
  await Promise.all([bodies.reload(), body.reload(), facts.reload(), services.reload()])
}
