import { computed } from 'vue'

import { get, type Query } from '../api/client'
import type { EditionDetail, EditionList } from '../api/schema'
import { router } from '../router'
import { LOCAL_ZONE } from '../words/format'
import { useLoaded } from './loaded'
import { can } from './session'
import { patchView, viewed } from './view'

const DAY = /^\d{4}-\d{2}-\d{2}$/
const DAY_MS = 86_400_000

/** Today in the district's time zone, as the interface writes days. */
export const today = new Intl.DateTimeFormat('sv-SE', { timeZone: LOCAL_ZONE }).format(new Date())

function dayBefore(value: string): string {
  return new Date(Date.parse(value) - DAY_MS).toISOString().slice(0, 10)
}

export function isDay(value: string): boolean {
  return DAY.test(value) && !Number.isNaN(Date.parse(value))
}

const chosenDay = viewed('on')

/** The day whose boundaries are shown: the one in the URL, else today. */
export const asOf = computed(() => (isDay(chosenDay.value) ? chosenDay.value : today))

export function showDay(value: string): void {
  patchView({ on: value === today ? null : value, select: null }, { push: true })
}

/** The boundary editions with how far each is, those in force by date, then those on their way. */
export const editions = useLoaded(
  () => (router.currentRoute.value.matched.length > 0 && can('read') ? true : null),
  async (_, signal) => (await get<EditionList>('/editions', { subject: 'areas' }, signal)).items,
)

/** The editions that change boundaries on a day, past or ahead, by that day. */
export const turningPoints = computed(() =>
  (editions.data ?? [])
    .filter((edition) => edition.valid_from !== null)
    .sort((one, other) => one.valid_from!.localeCompare(other.valid_from!)),
)

const chosenEdition = viewed('edition')
const chosenSide = viewed('side')

export const SIDES = ['both', 'before', 'after'] as const
export type Side = (typeof SIDES)[number]

/** Which side of an edition's changes the map shows. */
export const side = computed((): Side => SIDES.find((each) => each === chosenSide.value) ?? 'both')

/** The one edition that is looked at, on its own page. */
export const edition = computed((): EditionDetail | null => {
  if (router.currentRoute.value.name !== 'editions') return null
  return editions.data?.find((each) => each.name === chosenEdition.value) ?? null
})

/** The edition whose cells are looked at, after they were drawn. */
const drawnEdition = computed((): EditionDetail | null => {
  if (router.currentRoute.value.name !== 'cells') return null
  return editions.data?.find((each) => each.name === chosenEdition.value && each.state !== 'withdrawn') ?? null
})

/** The edition that stands for a day, whatever is looked at of it. */
export const shownEdition = computed(() => edition.value ?? drawnEdition.value)

/** The boundaries an edition was built on: those of the day before it, or those it would be laid over. */
function beneath(of: EditionDetail): Query {
  return { on: of.valid_from ? dayBefore(of.valid_from) : of.planned_from }
}

/** What asks the server for the boundaries that are shown: an edition's, or those of a day; nothing for today. */
export const boundaries = computed((): Query => {
  const looked = shownEdition.value
  if (looked && looked.state !== 'withdrawn') return side.value === 'before' ? beneath(looked) : { edition: looked.name }
  return asOf.value === today ? {} : { on: asOf.value }
})
