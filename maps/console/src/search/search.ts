import { computed, ref, watch } from 'vue'

import { get } from '../api/client'
import type { AreaLite, HitList, HitOut } from '../api/schema'
import { code as onProfile, openProfile } from '../areas/profile/state'
import { showBox, showPoint } from '../state/camera'
import { asOf, shownEdition } from '../state/boundaries'
import { areaByCode, areas, isMeant } from '../state/folder'
import { planning, putSpotAt } from '../planning/spot'
import { useLoaded } from '../state/loaded'
import { can } from '../state/session'
import { select } from '../state/view'
import { named, t } from '../words/texts'

/** The groups of answers in the order in which they are shown. */
export const GROUPS = ['areas', 'addresses', 'codes'] as const
export type Group = (typeof GROUPS)[number]

/** One answer as it is shown: what it is, its name, and what tells it from others of that name. */
export interface Answer {
  key: string
  group: Group
  mark: string
  name: string
  notes: string[]
  hit: HitOut
}

const DEBOUNCE_MS = 150
const MOST = 10
const ADDRESS_ZOOM = 17
const CELL_ZOOM = 17
const CODE = /^(?=.*\d)[0-9a-z][0-9a-z-]{2,}$/i
const QUARTER_DIGITS = 12

/** What is written in the box. */
export const words = ref('')
const asked = ref('')
let waiting: ReturnType<typeof setTimeout> | undefined

watch(words, (text) => {
  clearTimeout(waiting)
  const wanted = text.trim()
  if (!wanted) asked.value = ''
  else waiting = setTimeout(() => (asked.value = wanted), DEBOUNCE_MS)
})

export const answered = useLoaded(
  () => (asked.value && can('read') ? JSON.stringify([asked.value, asOf.value]) : null),
  async (key, signal) => {
    const [q, on] = JSON.parse(key) as [string, string]
    return { q, items: (await get<HitList>('/addresses', { q, on, limit: MOST }, signal)).items }
  },
)

/** Whether the answers that are shown are to an earlier question. */
export const pending = computed(() => words.value.trim() !== '' && !answered.problem && answered.data?.q !== words.value.trim())

/** The areas that hold an area, the highest first; a grid cell is told by its quarter. */
function above(code: string): string[] {
  const own = areaByCode.value.get(code)
  const parent = own ? own.parent_code : code.slice(0, QUARTER_DIGITS)
  const found = parent && parent !== code ? areaByCode.value.get(parent) : undefined
  return found ? [...above(found.code), found.name] : []
}

function isTown({ level }: AreaLite): boolean {
  return level !== 'district'
}

function answerOf(hit: HitOut, q: string): Answer {
  const isArea = hit.kind === 'area'
  const byCode = CODE.test(q) && hit.code?.toUpperCase().startsWith(q.toUpperCase())
  const where = isArea ? above(hit.code ?? '') : hit.areas.filter(isTown).map((area) => area.name)
  const called = hit.called ? t('console.find.called', { name: hit.called }) : ''
  const address = hit.address && hit.address !== hit.name ? hit.address : ''
  return {
    key: `${hit.level ?? hit.kind}/${hit.address_id ?? hit.code}`,
    group: byCode ? 'codes' : isArea ? 'areas' : 'addresses',
    mark: isArea ? named('level', hit.level) : named('address_kind', hit.kind),
    name: hit.name,
    notes: [isArea || byCode ? (hit.code ?? '') : '', called, address, where.join(' › ')].filter(Boolean),
    hit,
  }
}

/** The areas of the edition that is looked at, which the server's search of a day does not know. */
function ofEdition(q: string): HitOut[] {
  return (areas.data ?? [])
    .filter((area) => isMeant(area, q))
    .slice(0, MOST)
    .map(({ code, name, level }) => ({ kind: 'area', code, name, level, address: null, address_id: null, areas: [], called: null, point: null, score: 1 }))
}

/** The answers, group by group. */
export const answers = computed((): Answer[] => {
  const found = answered.data
  if (!found || !words.value.trim()) return []
  const hits = shownEdition.value ? [...ofEdition(found.q), ...found.items.filter((hit) => hit.kind !== 'area')] : found.items
  const all = hits.map((hit) => answerOf(hit, found.q))
  return GROUPS.flatMap((group) => all.filter((each) => each.group === group))
})

/** Open what was chosen, and go there; on the page that judges spots an address is the spot, on that of an area another. */
export function open({ hit }: Answer): void {
  if (planning.value && hit.point && hit.kind !== 'area') {
    putSpotAt(hit.point, hit.name)
  } else if (onProfile.value && hit.kind === 'area' && hit.code && hit.level !== 'grid_cell') {
    openProfile(hit.code)
  } else if (hit.kind === 'area' && hit.code) {
    select('area', hit.code)
    const bbox = areaByCode.value.get(hit.code)?.bbox
    if (bbox) showBox(bbox)
    else if (hit.point) showPoint(...hit.point, CELL_ZOOM)
  } else if (hit.address_id !== null) {
    select('address', hit.address_id)
    if (hit.point) showPoint(...hit.point, ADDRESS_ZOOM)
  }
}
