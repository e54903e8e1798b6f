import { computed } from 'vue'

import { router } from '../router'
import { showAround } from '../state/camera'
import { areaByCode, folder } from '../state/folder'
import { can } from '../state/session'

/** Whether the page that asks where the next points should go is open, and the one of plans. */
export const siting = computed(() => router.currentRoute.value.name === 'siting')
export const plansOpen = computed(() => router.currentRoute.value.name === 'siting_plans')

/** Whether siting runs may be asked for: exact numbers of residents come back. */
export const maySite = computed(() => folder.data?.form === 'exact' && can('coverage.run'))
export const mayAdopt = computed(() => maySite.value && can('governance.write'))

/** Go to the area that is asked about, or to everything. */
export function showAsked(code: string | null): void {
  const bbox = (code && areaByCode.value.get(code)?.bbox) || folder.data?.extent
  if (bbox) showAround(bbox)
}
