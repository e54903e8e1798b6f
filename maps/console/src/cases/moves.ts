import type { CaseDetail, MoveOut, TaskOut } from '../api/schema'


/** Keys of moves; two that are legal at once and share a key leave it to the first. */
const KEYS: Record<string, string> = {
  accept: 'a',
  reject: 'x',
  link_duplicate: 'u',
  unlink_duplicate: 'u',
  ask_supplement: 's',
  supplement: 's',
  confirm: 'c',
  deny: 'n',
  register: 'r',
  dispatch: 'd',
  handle: 'h',
  send_back: 'b',
  settle_on_spot: 'o',
  give_feedback: 'f',
  verify: 'v',
  rework: 'w',
  close: 'c',
  force_close: 'F',
  void: 'V',
  ask_extension: 'e',
  grant_extension: 'g',
  refuse_extension: 'n',
  ask_suspension: 'p',
  suspend: 'z',
  refuse_suspension: 'Z',
  resume: 'r',
  supervise: 'i',
  lift_supervision: 'I',
  escalate: 'E',
  appeal: 'l',
  grant_appeal: 'G',
  refuse_appeal: 'N',
  rate: 't',
  reopen: 'r',
}

/** The moves that lead a case on along its chain; one of them is what is to be done next. */
const ONWARD = ['confirm', 'accept', 'register', 'dispatch', 'handle', 'give_feedback', 'verify', 'close', 'resume', 'supplement']
/** Moves that end a case otherwise than by its being settled. */
const GRAVE = ['reject', 'deny', 'void', 'force_close']

export type Weight = 'primary' | 'plain' | 'grave'

export interface KeyedMove extends MoveOut {
  key: string | null
  weight: Weight
}

/** The tasks of the last time a case was dispatched. */
export function presentTasks({ tasks }: CaseDetail): TaskOut[] {
  const last = Math.max(0, ...tasks.map(({ round }) => round))
  return tasks.filter(({ round }) => round === last)
}

/** Legal moves as buttons: the one onward first, the grave ones last, each with its key. */
export function keyed(moves: MoveOut[]): KeyedMove[] {
  const next = ONWARD.find((name) => moves.some((each) => each.move === name))
  const weigh = (name: string): Weight => (name === next ? 'primary' : GRAVE.includes(name) ? 'grave' : 'plain')
  const rank: Record<Weight, number> = { primary: 0, plain: 1, grave: 2 }
  const taken = new Set<string>()
  return moves
    .map((each) => ({ ...each, weight: weigh(each.move) }))
    .sort((one, other) => rank[one.weight] - rank[other.weight])
    .map((each) => {
      const key = KEYS[each.move] ?? null
      const free = key !== null && !taken.has(key)
      if (free) taken.add(key)
      return { ...each, key: free ? key : null }
    })
}
