import type { ComputedRef, InjectionKey } from 'vue'

/** What the server says of a field of a form, by its name in the body. */
export interface Refused {
  field: string
  detail: string
}

/** A form's refusals, and the fields that show theirs themselves. */
export const REFUSED: InjectionKey<{ refused: ComputedRef<Refused[]>; shown: Set<string> }> = Symbol('refused')
