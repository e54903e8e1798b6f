import { t } from '../words/texts'

/** Hours of a week as somebody writes them, `mon-fri 06:00-22:00; sat 07:00-21:00`, a line or `;` between; null for none. */
export function hoursOf(text: string): Record<string, string[]> | null {
  const parts = text.split(/[;；\n]/).map((part) => part.trim().split(/\s+/))
  const rules = parts.filter(([days]) => days).map(([days, ...spans]) => [days!, spans.join('').split(/[,，、]/)])
  return rules.length ? (Object.fromEntries(rules) as Record<string, string[]>) : null
}

export function hoursText(hours: Record<string, string[]> | null, between = '; '): string {
  return Object.entries(hours ?? {})
    .map(([days, spans]) => `${days} ${spans.join(',')}`)
    .join(between)
}

/** A time of the week as people read it, such as `wed 10:00`. */
export function weekTime(at: string): string {
  const [day = '', time = ''] = at.split(' ')
  return `${t(`console.desks.day.${day}`)} ${time}`
}
