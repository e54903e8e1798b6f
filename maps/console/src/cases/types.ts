import { named } from '../words/texts'

/** The name of a type of case: the catalogue's for the example's types, else as it was imported. */
export function caseType(type: string): string {
  return named('demo.case_type', type)
}
