import { computed, reactive, ref, shallowRef, watch } from 'vue'

import { get, Problem } from '../api/client'
import type { CaseEventOut, CaseOut, CasePage } from '../api/schema'
import { router } from '../router'
import { useLoaded } from '../state/loaded'
import { can } from '../state/session'
import { ENDED, filter, order, query, states } from './filters'

const PAGE = 200
/** Events that come together are asked for together; each reader waits a little differently, so that not all ask at once. */
const GATHER_MS = [200, 500] as const
/** What an event tells of a time may be a moment older than what the register says. */
const BEFORE_MS = 1000

/** What is asked of the list: the filters and the order; null off its page. */
const asked = computed(() => (router.currentRoute.value.name === 'cases' && can('read') ? JSON.stringify({ ...query.value, order: order.value }) : null))

/** The first page of the cases that the filters leave. */
export const page = useLoaded(
  () => asked.value,
  (key, signal) => get<CasePage>('/cases', { ...JSON.parse(key), limit: PAGE }, signal),
)

export const rows = shallowRef<CaseOut[]>([])
/** Cases that came in since, or that the filters leave by now: told, and shown when the reader asks. */
export const pending = shallowRef<CaseOut[]>([])
/** Cases of the list that the filters no longer leave; they stay in their places until the list is fetched again. */
export const gone = reactive(new Set<string>())
/** Cases that have just changed, for a moment's sign. */
export const fresh = reactive(new Set<string>())
export const loadingMore = ref(false)
const next = shallowRef<string | null>(null)
export const hasMore = computed(() => next.value !== null)

watch(
  () => page.data,
  (data) => {
    rows.value = data?.items ?? []
    next.value = data?.next ?? null
    pending.value = []
    gone.clear()
  },
)

export async function more(): Promise<void> {
  if (!next.value || loadingMore.value) return
  const key = asked.value
  const cursor = new URL(next.value, location.href).searchParams.get('cursor')
  loadingMore.value = true
  try {
    const following = await get<CasePage>('/cases', { ...query.value, order: order.value, limit: PAGE, cursor })
    if (key !== asked.value) return
    const known = new Set(rows.value.map((each) => each.case_no))
    rows.value = [...rows.value, ...following.items.filter((each) => !known.has(each.case_no))]
    next.value = following.next
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    page.problem = error
  } finally {
    loadingMore.value = false
  }
}

let gathered: CaseEventOut[] = []
let timer = 0

/** Whether a case that is not listed can be one that the filters leave, as far as the event tells. */
function mayMatch(event: CaseEventOut): boolean {
  if (states.value.length && !states.value.includes(event.state)) return false
  if (filter('open') && ENDED.includes(event.state)) return false
  return (['type', 'urgency'] as const).every((name) => !filter(name) || filter(name) === event[name])
}

export function hear(event: CaseEventOut): void {
  const listed = rows.value.some((each) => each.case_no === event.case_no)
  if (!listed && !mayMatch(event)) return
  gathered.push(event)
  clearTimeout(timer)
  const [least, most] = GATHER_MS
  timer = window.setTimeout(() => void settle(), least + Math.random() * (most - least))
}

function replaced(row: CaseOut, by: Map<string, CaseOut>, told: Map<string, CaseEventOut>): CaseOut {
  const newer = by.get(row.case_no)
  if (newer) return newer
  const event = told.get(row.case_no)
  if (!event) return row
  gone.add(row.case_no)
  return { ...row, version: event.version, state: event.state, urgency: event.urgency, department_code: event.department_code, updated_at: event.at }
}

/** Return the cases of the list that have moved since a moment; nothing when the server cannot be reached. */
async function movedSince(key: string, since: number): Promise<CaseOut[] | null> {
  try {
    const asked = { ...JSON.parse(key), updated_after: new Date(since).toISOString(), limit: PAGE }
    return (await get<CasePage>('/cases', asked)).items
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return null
  }
}

/** Ask once for all that has been heard of: what is listed changes in its place, the rest waits to be shown. */
async function settle(): Promise<void> {
  const told = new Map(gathered.map((event) => [event.case_no, event]))
  const earliest = Math.min(...gathered.map((event) => Date.parse(event.at)))
  gathered = []
  const key = asked.value
  if (key === null) return
  const changed = await movedSince(key, earliest - BEFORE_MS)
  if (key !== asked.value || !changed) return
  const found = new Map(changed.filter((each) => told.has(each.case_no)).map((each) => [each.case_no, each]))
  for (const case_no of found.keys()) gone.delete(case_no)
  mark([...told.keys()])
  rows.value = rows.value.map((row) => replaced(row, found, told))
  const listed = new Set(rows.value.map((each) => each.case_no))
  const waiting = new Map([...pending.value.filter((each) => !told.has(each.case_no)), ...found.values()].map((each) => [each.case_no, each]))
  pending.value = [...waiting.values()].filter((each) => !listed.has(each.case_no))
}

const FRESH_MS = 4000

function mark(case_nos: string[]): void {
  for (const case_no of case_nos) fresh.add(case_no)
  window.setTimeout(() => case_nos.forEach((case_no) => fresh.delete(case_no)), FRESH_MS)
}

/** Show a case as it was just answered, in its place in the list. */
export function put(row: CaseOut): void {
  if (rows.value.some((each) => each.case_no === row.case_no && each.version < row.version)) mark([row.case_no])
  rows.value = rows.value.map((each) => (each.case_no === row.case_no ? row : each))
}
