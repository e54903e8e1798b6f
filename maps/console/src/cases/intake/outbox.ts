import { computed, shallowRef, watch } from 'vue'

import { post, Problem } from '../../api/client'
import type { CaseDetail, PhotoOut, ReportedOut } from '../../api/schema'
import { can } from '../../state/session'
import { account, hasContact, keeps, plain, type Draft } from './draft'
import { allKept, forget, keep } from './store'

/** A report that waits for the network, with when it was made; how to reach somebody is kept with it until it is sent. */
export interface Waiting {
  draft: Draft
  account: string
  made_at: string
  /** Why the server would not have it; it then waits for somebody to mend it. */
  refused: string
}

export interface Sent {
  case: ReportedOut
  /** Why it could not be linked to the case that it repeats. */
  unlinked: string
}

const AGAIN_MS = 30_000
const SERVER_FAULT = 500
const SIGNED_OUT = 401

const all = shallowRef<Waiting[]>([])
/** What waits in this browser, of the account that is signed in. */
export const waiting = computed(() => all.value.filter((each) => each.account === account.value))
/** Numbers of the cases that waited and have been sent since the page was opened. */
export const delivered = shallowRef<string[]>([])
export const refused = computed(() => waiting.value.filter((each) => each.refused))

function key({ draft }: Waiting): string {
  return `waiting:${draft.client_id}`
}

/** FNV-1a: tells one text from another, so that a mended report is not taken for a retry. */
function mark(text: string): string {
  let hash = 0x811c9dc5
  for (const character of text) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193) >>> 0
  return hash.toString(16)
}

function trimmed(text: string): string | null {
  return text.trim() || null
}

function body(draft: Draft, made_at: string | null): Record<string, unknown> {
  const { at, type, source, client_id, contact } = draft
  const { name, phone, email, consent, wants_notice } = contact
  const given = [name, phone, email].some((each) => each.trim())
  return {
    ...{ lon: at![0], lat: at![1], type, source, client_id, reported_at: made_at },
    description: trimmed(draft.description),
    address: trimmed(draft.address),
    component_code: trimmed(draft.component_code),
    fields: Object.fromEntries(Object.entries(draft.fields).filter(([, value]) => value !== '' && value !== null)),
    reporter: given ? { name: trimmed(name), phone: trimmed(phone), email: trimmed(email), consent, wants_notice } : null,
  }
}

async function photosOf({ shots }: Draft): Promise<{ photo: string; kind: string }[]> {
  const given: { photo: string; kind: string }[] = []
  for (const { file, kind } of shots) {
    const { photo } = await post<PhotoOut>('/photos', file)
    if (!given.some((each) => each.photo === photo)) given.push({ photo, kind })
  }
  return given
}

/** Say that it repeats another case, so that its reporter hears of that one. */
async function link({ case_no, version }: ReportedOut, master: string): Promise<string> {
  try {
    await post<CaseDetail>(`/cases/${encodeURIComponent(case_no)}/transitions`, { move: 'link_duplicate', version, case_no: master })
    return ''
  } catch (error) {
    if (error instanceof Problem && error.status >= 400 && error.status < SERVER_FAULT) return error.detail
    throw error
  }
}

/** Send a report, its photos first. However often this is done, it becomes one case. */
export async function deliver(draft: Draft, made_at: string | null = null): Promise<Sent> {
  const asked = { ...body(draft, made_at), photos: await photosOf(draft) }
  const reported = await post<ReportedOut>('/cases', asked, { 'Idempotency-Key': `${draft.client_id}-${mark(JSON.stringify(asked))}` })
  const links = draft.same_as && can('cases.accept') && reported.state === 'reported'
  return { case: reported, unlinked: links ? await link(reported, draft.same_as) : '' }
}

/** Keep a report until the network is back. */
export async function queue(draft: Draft): Promise<void> {
  const contact = hasContact.value ? { ...draft.contact } : { name: '', phone: '', email: '', consent: false, wants_notice: true }
  const entry: Waiting = { draft: { ...plain(draft), contact }, account: account.value, made_at: new Date().toISOString(), refused: '' }
  all.value = [...all.value, entry]
  await keep(key(entry), entry).catch(() => (keeps.value = false))
}

export async function discard(entry: Waiting): Promise<void> {
  all.value = all.value.filter((each) => each.draft.client_id !== entry.draft.client_id)
  await forget(key(entry)).catch(() => {})
}

let busy = false

/** Send what waits, one after the other; what the server refuses stays, with the reason. */
export async function flush(): Promise<void> {
  if (busy || !account.value) return
  busy = true
  try {
    for (const entry of waiting.value.filter((each) => !each.refused)) if (!(await attempt(entry))) return
  } finally {
    busy = false
  }
}

/** Try to send one; tells whether there is a point in trying the next. */
async function attempt(entry: Waiting): Promise<boolean> {
  try {
    const { case: reported } = await deliver(entry.draft, entry.made_at)
    await discard(entry)
    delivered.value = [...delivered.value, reported.case_no]
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    if (!error.status || error.status >= SERVER_FAULT || error.status === SIGNED_OUT) return false
    const told = { ...entry, refused: error.detail }
    all.value = all.value.map((each) => (each === entry ? told : each))
    await keep(key(told), told).catch(() => {})
  }
  return true
}

watch(
  account,
  async (name) => {
    if (!name) return
    const found = await allKept<Waiting>('waiting:').catch(() => [])
    const known = new Set(all.value.map((each) => each.draft.client_id))
    all.value = [...all.value, ...found.filter((each) => !known.has(each.draft.client_id))]
    void flush()
  },
  { immediate: true },
)
addEventListener('online', () => void flush())
setInterval(() => void flush(), AGAIN_MS)
