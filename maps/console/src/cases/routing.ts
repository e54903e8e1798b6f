import { get } from '../api/client'
import type { CaseDetail, RoutingOut } from '../api/schema'
import { useLoaded, type Loaded } from '../state/loaded'
import { ENDED } from './filters'

/** Where a case that nobody handles yet would go, and why. */
export function useRouting(of: () => CaseDetail): Loaded<RoutingOut> {
  return useLoaded(
    () => (of().department_code || ENDED.includes(of().state) ? null : of().case_no),
    (_, signal) => {
      const { lon, lat, type, reported_at } = of()
      return get<RoutingOut>('/cases/routing', { lon, lat, type, at: reported_at }, signal)
    },
  )
}
