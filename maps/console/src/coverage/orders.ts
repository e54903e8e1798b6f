import { get } from '../api/client'
import type { OrderList } from '../api/schema'
import { useLoaded } from '../state/loaded'
import { part } from './parts'

/** The reports that are kept fresh, while they are looked at. */
export const orders = useLoaded(
  () => (part.value === 'orders' ? true : null),
  async (_, signal) => (await get<OrderList>('/coverage/orders', {}, signal)).items,
)
