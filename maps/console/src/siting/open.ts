import { computed } from 'vue'

import { router } from '../router'
import { folder } from '../state/folder'
import { can } from '../state/session'

/** Whether the page that asks where the next points should go is open, and the one of plans. */
export const siting = computed(() => router.currentRoute.value.name === 'siting')
export const plansOpen = computed(() => router.currentRoute.value.name === 'siting_plans')

/** Whether siting runs may be asked for: exact numbers of residents come back. */
export const maySite = computed(() => folder.data?.form === 'exact' && can('coverage.run'))
export const mayAdopt = computed(() => maySite.value && can('governance.write'))
