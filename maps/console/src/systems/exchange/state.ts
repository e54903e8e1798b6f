import { ref, watch } from 'vue'

import { get, withQuery } from '../../api/client'
import type {
  ExchangeDeliveryOut,
  ExchangeOut,
  HotlineOrderOut,
  HotlineState,
  PageExchangeDeliveryOut,
  PageHotlineOrderOut,
  PageReconciliationSummary,
  ReconciliationOut,
  ReconciliationSummary,
} from '../../api/schema'
import { useLoaded } from '../../state/loaded'
import { viewed } from '../../state/view'
import { language } from '../../words/texts'

export const HOTLINE = '/exchange/12345'
export const STATES: HotlineState[] = [
  'received',
  'supplement',
  'accepted',
  'registered',
  'dispatched',
  'suspended',
  'handled',
  'closed',
  'returned',
  'merged',
]

const PAGE = 30
const SHOWN = 50
const DAYS = 7

export const wanted = { q: viewed('q'), state: viewed('order_state') }
export const compared = viewed('compared')

/** How the exchange stands. */
export function useStanding() {
  return useLoaded(
    () => true,
    (_, signal) => get<ExchangeOut>(HOTLINE, {}, signal),
  )
}

/** The last comparisons in numbers. */
export function useComparisons() {
  return useLoaded<true, ReconciliationSummary[]>(
    () => true,
    async (_, signal) => (await get<PageReconciliationSummary>(`${HOTLINE}/reconciliations`, { limit: DAYS }, signal)).items,
  )
}

/** One comparison with its differences. */
export function useComparison(number: () => string | null) {
  return useLoaded(number, (id, signal) => get<ReconciliationOut>(`${HOTLINE}/reconciliations/${id}`, {}, signal))
}

/** Address of a comparison's differences as a file. */
export function differencesFile(number: number): string {
  return withQuery(`/api/v1${HOTLINE}/reconciliations/${number}/differences.csv`, { lang: language.value })
}

/** What the hotline has not taken, the newest first. */
export function useUndelivered() {
  return useLoaded<true, ExchangeDeliveryOut[]>(
    () => true,
    async (_, signal) => (await get<PageExchangeDeliveryOut>(`${HOTLINE}/deliveries`, { limit: SHOWN }, signal)).items,
  )
}

/** Orders by what is asked for in the address; `more` brings the next page. */
export function useOrders() {
  const older = ref<HotlineOrderOut[]>([])
  const next = ref<string | null>(null)
  const key = () => JSON.stringify({ q: wanted.q.value, state: wanted.state.value })
  const first = useLoaded(key, async (filter, signal) => {
    const page = await get<PageHotlineOrderOut>(`${HOTLINE}/orders`, { ...JSON.parse(filter), limit: PAGE }, signal)
    older.value = []
    next.value = page.next
    return page.items
  })
  watch(key, () => (next.value = null))

  async function more(): Promise<void> {
    const cursor = new URL(next.value ?? '', location.href).searchParams.get('cursor')
    const page = await get<PageHotlineOrderOut>(`${HOTLINE}/orders`, { ...JSON.parse(key()), limit: PAGE, cursor })
    older.value = [...older.value, ...page.items]
    next.value = page.next
  }

  return { first, older, next, more }
}
