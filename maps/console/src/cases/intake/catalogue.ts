import { get } from '../../api/client'
import type { CaseTypeList, CaseTypeOut, DuplicateList, RoutingOut } from '../../api/schema'
import { useLoaded } from '../../state/loaded'
import { can } from '../../state/session'
import { language } from '../../words/texts'
import { draft, reporting } from './draft'

const open = () => reporting.value && can('cases.report')

/** All types, once in a language. */
export const types = useLoaded(
  () => (open() ? language.value : null),
  async (_, signal) => (await get<CaseTypeList>('/catalogue/types', {}, signal)).items,
)

/** The chosen type with what it asks for. */
export const chosenType = useLoaded(
  () => (open() && draft.type ? `${draft.type}/${language.value}` : null),
  (key, signal) => get<CaseTypeOut>(`/catalogue/types/${encodeURIComponent(key.split('/')[0]!)}`, {}, signal),
)

/** Place and type, as soon as both are known. */
function asked(): string | null {
  return open() && draft.at && draft.type ? JSON.stringify({ lon: draft.at[0], lat: draft.at[1], type: draft.type }) : null
}

/** Who it would go to, and why. */
export const routing = useLoaded(
  () => asked() && `${language.value}${asked()}`,
  (key, signal) => get<RoutingOut>('/cases/routing', JSON.parse(key.slice(2)), signal),
)

/** Cases that it may repeat. */
export const duplicates = useLoaded(
  () => asked() && `${language.value}${asked()}`,
  async (key, signal) => (await get<DuplicateList>('/cases/duplicates', JSON.parse(key.slice(2)), signal)).items,
)
