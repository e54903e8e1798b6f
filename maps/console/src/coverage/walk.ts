import { get } from '../api/client'
import type { Parameters, ProfileOut, Profiles, Trip } from '../api/schema'
import { planning } from '../planning/spot'
import { siting } from '../siting/open'
import { useLoaded } from '../state/loaded'
import { named, t } from '../words/texts'
import { part } from './parts'

export const TRIPS: Trip[] = ['to_point', 'from_point', 'round']
export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export const BARRIERS = ['wall', 'rail', 'water', 'hazard'] as const
export type Barrier = (typeof BARRIERS)[number]
export const DEFAULT_AT = 'wed 10:00'

/** Who walks, when and where: what runs, orders and what-ifs have in common. */
export interface WalkAsk {
  profile: string
  /** A day and a time of the week, such as `wed 10:00`. */
  at: string
  trip: Trip
  barriers: Barrier[]
  /** The name of a scenario, empty for the network as it is. */
  scenario: string
}

/** What an answer was asked, to be asked again. */
export function walkOf(parameters: Parameters | undefined): WalkAsk {
  return {
    profile: parameters?.profile ?? 'elder',
    at: parameters?.at ?? DEFAULT_AT,
    trip: parameters?.trip ?? 'to_point',
    barriers: BARRIERS.filter((kind) => parameters?.barriers.includes(kind)),
    scenario: parameters?.scenario ?? '',
  }
}

export const profiles = useLoaded(
  () => (part.value || planning.value || siting.value ? true : null),
  async (_, signal) => (await get<Profiles>('/profiles', {}, signal)).items,
)

/** A speed with how much it varies in the sample that it is from. */
export function speedText(profile: Pick<ProfileOut, 'speed_m_per_s' | 'sd_m_per_s'>): string {
  const spread = profile.sd_m_per_s ? ` ± ${profile.sd_m_per_s}` : ''
  return `${profile.speed_m_per_s}${spread} m/s`
}

/** A time of the week for reading; as it is where it cannot be read. */
export function atText(at: string): string {
  const [day, time] = at.split(' ')
  return DAYS.some((each) => each === day) && time ? `${t(`console.grids.weekday.${day}`)} ${time}` : at
}

/** What else is said of a walk: time, trip, and what it avoids or plans. */
export function walkText({ at, trip, barriers, scenario }: Pick<WalkAsk, 'at' | 'trip' | 'scenario'> & { barriers: string[] }): string {
  const closed = barriers.map((kind) => named('land_kind', kind)).join(t('console.comma'))
  return [atText(at), named('trip', trip), closed && t('console.reading.around', { kinds: closed }), scenario].filter(Boolean).join(' · ')
}
