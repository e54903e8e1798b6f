import type { ComputedRef, InjectionKey } from 'vue'

/** What the server says of a field of a form, by its name in the body. */
export interface Refused {
  field: string
  detail: string
}

/** A form's refusals, and the fields that show theirs themselves. */
export const REFUSED: InjectionKey<{ refused: ComputedRef<Refused[]>; shown: Set<string> }> = Symbol('refused')

/** Whether what is refused is (a part of) the field at a name; a rule names a part without that of the whole. */
export function isAbout(field: string, at: string): boolean {
  return field !== '' && (field === at || `${field}_no` === at || field.startsWith(`${at}/`) || at.endsWith(`/${field}`))
}
