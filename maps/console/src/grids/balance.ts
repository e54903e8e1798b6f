import type { BalanceOut, WorkloadOut } from '../api/schema'
import { t } from '../words/texts'
import type { Card } from './NumberCards.vue'

const MEASURES = ['max_over_mean', 'gini', 'variation'] as const

function words(balance: BalanceOut | null | undefined, measure: (typeof MEASURES)[number]): string {
  return balance ? balance[measure].toFixed(measure === 'max_over_mean' ? 2 : 3) : '—'
}

/** How even the loads are, with what they would be after a proposal. */
export function balanceCards(before: WorkloadOut, after?: WorkloadOut): Card[] {
  return MEASURES.map((measure) => {
    const now = words(before.balance.load, measure)
    return {
      key: measure,
      label: t(`grids.column.${measure}`),
      value: after ? `${now} → ${words(after.balance.load, measure)}` : now,
      note: t(`console.grids.even.${measure}`),
    }
  })
}

/** The weights that loads are computed by. */
export function weightWords({ weights }: WorkloadOut): string {
  return Object.entries(weights)
    .map(([name, weight]) => `${t(`grids.column.${name}`)} ${Number(weight.toFixed(2))}`)
    .join(t('console.comma'))
}
