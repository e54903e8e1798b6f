import { computed, reactive, ref, watch } from 'vue'

import type { CaseSource, PhotoKind } from '../../api/schema'
import { router } from '../../router'
import { session } from '../../state/session'
import type { Position } from '../../state/sketch'
import { viewed } from '../../state/view'
import { forget, keep, kept } from './store'

export const MOST_CHARACTERS = 4000
export const MOST_PHOTOS = 20
export const MOST_PHOTO_BYTES = 12_000_000
export const PHOTO_KINDS: PhotoKind[] = ['near', 'far', 'before', 'after']
const REST_MS = 500
const LAST_SOURCE = 'gridmgmt.intake.source'

export interface Shot {
  key: string
  file: Blob
  kind: PhotoKind
}

export interface Contact {
  name: string
  phone: string
  email: string
  consent: boolean
  wants_notice: boolean
}

/** A report as it is being written. */
export interface Draft {
  /** The device's own name for it: however often it is sent, it becomes one case. */
  client_id: string
  at: Position | null
  address: string
  type: string
  source: CaseSource | ''
  component_code: string
  description: string
  fields: Record<string, unknown>
  shots: Shot[]
  /** The case that it repeats, when somebody says so. */
  same_as: string
  contact: Contact
}

/** Made of random bytes by hand: `crypto.randomUUID` is there under HTTPS alone. */
export function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

function nobody(): Contact {
  return { name: '', phone: '', email: '', consent: false, wants_notice: true }
}

function fresh(): Draft {
  const source = (localStorage.getItem(LAST_SOURCE) ?? '') as Draft['source']
  return { client_id: uuid(), at: null, address: '', type: '', source, component_code: '', description: '', fields: {}, shots: [], same_as: '', contact: nobody() }
}

export const draft = reactive<Draft>(fresh())
/** Whether the browser keeps drafts; some keep nothing in a private window. */
export const keeps = ref(true)

const part = viewed('part')
export const REPORT = 'report'
/** Whether the form is open: then a click on the map says where. */
export const reporting = computed(() => router.currentRoute.value.name === 'cases' && part.value === REPORT)

const account = computed(() => session.data?.name ?? '')
const key = () => `draft:${account.value}`

/** Without what a draft must not be kept with: how to reach somebody stays on the page until it is sent. */
export function plain({ contact: _, ...others }: Draft): Omit<Draft, 'contact'> {
  const shots = others.shots.map(({ key, file, kind }) => ({ key, file, kind }))
  return { ...(JSON.parse(JSON.stringify({ ...others, shots: [] })) as Omit<Draft, 'contact'>), shots }
}

export const isEmpty = computed(() => !draft.at && !draft.type && !draft.description && !draft.address && !draft.shots.length)

let waiting: ReturnType<typeof setTimeout> | undefined
watch(draft, () => {
  clearTimeout(waiting)
  waiting = setTimeout(() => void save(), REST_MS)
})

async function save(): Promise<void> {
  try {
    await (isEmpty.value ? forget(key()) : keep(key(), plain(draft)))
    keeps.value = true
  } catch {
    keeps.value = false
  }
}

/** Go on with what was being written when the page was left. */
export async function resume(): Promise<void> {
  if (!isEmpty.value) return
  const found = await kept<Omit<Draft, 'contact'>>(key()).catch(() => undefined)
  if (found && isEmpty.value) Object.assign(draft, found)
}

/** Begin anew. */
export async function clear(): Promise<void> {
  if (draft.source) localStorage.setItem(LAST_SOURCE, draft.source)
  Object.assign(draft, fresh())
  clearTimeout(waiting)
  await forget(key()).catch(() => {})
}

/** Take up again what the server would not have. */
export function reopen(written: Draft): void {
  Object.assign(draft, written)
}

export function putPlace(at: Position): void {
  const moved = draft.at !== null
  draft.at = [Number(at[0].toFixed(6)), Number(at[1].toFixed(6))]
  if (moved) draft.same_as = ''
}

export const hasContact = computed(() => [draft.contact.name, draft.contact.phone, draft.contact.email].some((each) => each.trim()))

export { account }
