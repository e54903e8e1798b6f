import { onBeforeUnmount, onMounted, ref, shallowRef } from 'vue'

import type { CaseEventOut } from '../api/schema'

/** How the feed of events stands: it runs, it is being joined, or the server gives none. */
export type LiveState = 'live' | 'joining' | 'off'

const KINDS = ['new', 'moved', 'due_soon', 'overdue']
const AGAIN_MS = 5000
const MAP_EVERY_MS = 4000

export const live = shallowRef<LiveState>('joining')

/** Counts what happened to cases, some seconds' events as one, so that the map asks for its tiles again. */
export const caseStamp = ref(0)
let stamping = 0

function stamp(): void {
  stamping ||= window.setTimeout(() => {
    stamping = 0
    caseStamp.value += 1
  }, MAP_EVERY_MS)
}

type Heard = (event: CaseEventOut) => void
const listeners = new Set<{ heard: Heard; lost: () => void }>()
let source: EventSource | null = null
let waiting = 0
let position = ''

function tell(message: MessageEvent<string>): void {
  if (message.lastEventId) position = message.lastEventId
  const event = JSON.parse(message.data) as CaseEventOut
  stamp()
  for (const each of listeners) each.heard(event)
}

function join(): void {
  const resumed = position && `?last_event_id=${encodeURIComponent(position)}`
  source = new EventSource(`/api/v1/events${resumed}`)
  source.onopen = () => (live.value = 'live')
  source.onerror = refused
  for (const kind of KINDS) source.addEventListener(kind, tell)
  source.addEventListener('reset', () => {
    position = ''
    for (const each of listeners) each.lost()
  })
}

/** The browser joins again by itself after a break; after a refusal it does not. */
function refused(): void {
  const closed = source?.readyState === EventSource.CLOSED
  live.value = closed ? 'off' : 'joining'
  if (closed) waiting = window.setTimeout(join, AGAIN_MS)
}

function leave(): void {
  clearTimeout(waiting)
  source?.close()
  source = null
  position = ''
  live.value = 'joining'
}

/**
 * Hear of cases while the calling component is mounted; all of the page share one connection.
 * `lost` is called when events may have been missed, so that everything has to be fetched again.
 */
export function useCaseEvents(heard: Heard, lost: () => void): void {
  const mine = { heard, lost }
  onMounted(() => {
    listeners.add(mine)
    if (!source) join()
  })
  onBeforeUnmount(() => {
    listeners.delete(mine)
    if (!listeners.size) leave()
  })
}
