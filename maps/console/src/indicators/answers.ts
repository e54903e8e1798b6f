import { computed } from 'vue'

import { get, withQuery } from '../api/client'
import type { DefinitionOut, IndicatorsOut } from '../api/schema'
import { useLoaded } from '../state/loaded'
import { part, question } from './question'

/** The indicators that are asked for, while the page shows them. */
export const answer = useLoaded(
  () => (part.value === 'table' ? withQuery('/indicators', question.value) : null),
  (path, signal) => get<IndicatorsOut>(path, {}, signal),
)

/** Whether nothing at all is counted in the period. */
export const isEmpty = computed(() => Object.values(answer.data?.total.counts ?? {}).every(({ value }) => value === 0))

/** The same table as a file. */
export function fileAddress(format: string): string {
  return withQuery(`/api/v1/indicators.${format}`, question.value)
}

/** What a rate is made of, as the answer defines it. */
export function definitionOf(ratio: string): DefinitionOut | undefined {
  return answer.data?.definitions.find((each) => each.ratio === ratio)
}
