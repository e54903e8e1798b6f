import { t } from '../words/texts'

/** Opening rules by day or days, as the interface has them. */
export type Hours = Record<string, string[]>

function dayName(days: string): string {
  return days
    .split('-')
    .map((day) => t(`console.grids.weekday.${day}`))
    .join(t('console.grids.weekday_to'))
}

/** Hours for reading; a dash where none are laid down. */
export function hoursWords(hours: Hours): string {
  const rules = Object.entries(hours).map(([days, spans]) => `${dayName(days)} ${spans.join(t('console.comma'))}`)
  return rules.join('; ') || '—'
}

/** Hours as they are typed: `mon-fri 08:30-12:00,13:00-17:30; sat 20:00-06:00`. */
export function hoursText(hours: Hours): string {
  return Object.entries(hours)
    .map(([days, spans]) => `${days} ${spans.join(',')}`)
    .join('; ')
}

/** Read typed hours; the server judges days and spans. */
export function hoursOf(text: string): Hours {
  const rules = text
    .split(/[;；\n]/)
    .map((rule) => rule.trim().split(/[\s,，]+/))
    .filter(([days]) => days)
  return Object.fromEntries(rules.map(([days, ...spans]) => [days!.toLowerCase(), spans]))
}
