import { computed } from 'vue'

import { get } from '../api/client'
import type { CaseTypeList, HandlingDepartmentList } from '../api/schema'
import { router } from '../router'
import { areas } from '../state/folder'
import { useLoaded } from '../state/loaded'
import { can } from '../state/session'
import { selection } from '../state/view'
import { named } from '../words/texts'

/** The names are fetched where cases are looked at, once in a language. */
const wanted = () => (can('read') && (['cases', 'indicators'].includes(String(router.currentRoute.value.name)) || selection.value?.kind === 'case') ? true : null)

export const departments = useLoaded(wanted, async (_, signal) => (await get<HandlingDepartmentList>('/departments', {}, signal)).items)
export const types = useLoaded(wanted, async (_, signal) => (await get<CaseTypeList>('/catalogue/types', {}, signal)).items)

const departmentNames = computed(() => new Map((departments.data ?? []).map((each) => [each.code, each.name])))
const typeNames = computed(() => new Map((types.data ?? []).map((each) => [each.code, each.name])))

export function departmentName(code: string | null | undefined): string {
  return code ? (departmentNames.value.get(code) ?? code) : '—'
}

export function typeName(code: string): string {
  return typeNames.value.get(code) ?? code
}

export const towns = computed(() => (areas.data ?? []).filter((each) => each.level === 'town'))

/** Who made an entry of the log: the post with the name of the account, as far as one is told either. */
export function whoOf({ actor, post }: { actor: string | null; post: string | null }): string {
  return [post && named('role', post), actor].filter(Boolean).join(' ')
}
