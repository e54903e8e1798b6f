import { computed } from 'vue'

import { get, withQuery } from '../api/client'
import type { RankingOut } from '../api/schema'
import { useLoaded } from '../state/loaded'
import { viewed } from '../state/view'
import { RATES } from './columns'
import { by, narrowed, part } from './question'

const asked = viewed('ratio')
/** The rate by which is ranked. */
export const ratio = computed(() => RATES.find((each) => each === asked.value) ?? 'on_time_closing_rate')

export const ranking = useLoaded(
  () => (part.value === 'ranking' ? withQuery('/indicators/ranking', { ...narrowed.value, by: by.value, ratio: ratio.value }) : null),
  (path, signal) => get<RankingOut>(path, {}, signal),
)
