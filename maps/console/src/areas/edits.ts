import type { MergeAsk, MoveBorderAsk, MoveToParentAsk, PromoteAsk, RecodeAsk, RenameAsk, RetireAsk, SplitAsk } from '../api/schema'
import { sketchGeometry, type Sketch } from '../state/sketch'

export type EditAsk = SplitAsk | MergeAsk | MoveBorderAsk | MoveToParentAsk | PromoteAsk | RenameAsk | RecodeAsk | RetireAsk

export const VERBS = ['rename', 'recode', 'merge', 'move_to_parent', 'promote', 'split', 'move_border', 'retire'] as const
export type Verb = (typeof VERBS)[number]

/** What the form of an edit holds; each verb takes what it needs. */
export interface EditGiven {
  verb: Verb
  code: string
  codes: string[]
  other: string
  newCode: string
  name: string
  pieces: { code: string; name: string }[]
  shape: Sketch['kind']
}

/** What each verb cannot do without. */
const NEEDS: Record<Verb, (given: EditGiven, sketch: Sketch | null) => unknown[]> = {
  rename: ({ code, name }) => [code, name],
  recode: ({ code, newCode }) => [code, newCode],
  merge: ({ codes, newCode, name }) => [codes.length > 1, newCode, name],
  move_to_parent: ({ code, other }) => [code, other],
  promote: ({ code, newCode, name }) => [code, newCode, name],
  split: ({ code, pieces }, sketch) => [code, sketch, ...pieces.flatMap((piece) => [piece.code, piece.name])],
  move_border: ({ code, other }, sketch) => [code, other, sketch],
  retire: ({ code }) => [code],
}

export function isComplete(given: EditGiven, sketch: Sketch | null): boolean {
  return NEEDS[given.verb](given, sketch).every(Boolean)
}

/** What the server is asked for; the sketch is there where the verb needs one. */
export function editAsk({ verb, code, codes, other, newCode, name, pieces }: EditGiven, sketch: Sketch | null): EditAsk {
  const drawn = sketch && ({ ...sketchGeometry(sketch) } as Record<string, unknown>)
  const into = { code: newCode, name }
  switch (verb) {
    case 'rename':
      return { verb, code, name }
    case 'recode':
      return { verb, code, new_code: newCode }
    case 'merge':
      return { verb, codes, into }
    case 'move_to_parent':
      return { verb, code, parent: other, new_code: newCode || null }
    case 'promote':
      return { verb, unit: code, into }
    case 'split':
      return { verb, code, line: drawn!, pieces }
    case 'move_border':
      return { verb, one: code, other, ...(sketch!.kind === 'line' ? { line: drawn } : { piece: drawn }) }
    case 'retire':
      return { verb, code }
  }
}
