import { get } from '../api/client'
import type { AffectedOut, AreaChangeOut, AreaOut, DiffOut, EditionDetail, LevelDiffOut } from '../api/schema'
import { beneath, edition } from '../state/boundaries'
import { allAreas } from '../state/folder'
import { LEVELS } from '../state/level'
import { useLoaded } from '../state/loaded'

/** What an edition changes; land moved and who it affects are known of a draft. */
export interface Changes {
  levels: (Pick<LevelDiffOut, 'level' | 'changes'> & { moved_m2: number | null })[]
  affected: AffectedOut | null
}

const ON_THE_WAY = ['draft', 'checked', 'approved']

export function isOnTheWay(of: EditionDetail): boolean {
  return ON_THE_WAY.includes(of.state)
}

const keyOf = (area: AreaOut): string => `${area.level}/${area.code}`
/** What tells one surface of a level from another without its geometry. */
const landOf = (area: AreaOut): string => `${area.level}/${area.area_m2}/${area.bbox.join()}`

function kindsOf(old: AreaOut | undefined, now: AreaOut): AreaChangeOut['kinds'] {
  if (!old) return ['added']
  const different = {
    code: old.code !== now.code,
    name: old.name !== now.name,
    border: landOf(old) !== landOf(now),
    parent: old.parent_code !== now.parent_code,
  }
  return (['code', 'name', 'border', 'parent'] as const).filter((kind) => different[kind])
}

/** Compare the areas of two days; an area that goes and one that comes with the same land are one with another code. */
export function compared(before: AreaOut[], after: AreaOut[]): AreaChangeOut[] {
  const old = new Map(before.map((area) => [keyOf(area), area]))
  const present = new Set(after.map(keyOf))
  const gone = new Map(before.filter((area) => !present.has(keyOf(area))).map((area) => [landOf(area), area]))
  const changes = after.map((now): AreaChangeOut => {
    const was = old.get(keyOf(now)) ?? gone.get(landOf(now))
    if (was && was.code !== now.code) gone.delete(landOf(now))
    return {
      level: now.level,
      code: now.code,
      name: now.name,
      kinds: kindsOf(was, now),
      was_code: was && was.code !== now.code ? was.code : null,
      was_name: was && was.name !== now.name ? was.name : null,
      before_m2: was?.area_m2 ?? null,
      after_m2: now.area_m2,
    }
  })
  const ended = [...gone.values()].map(
    ({ level, code, name, area_m2 }): AreaChangeOut => ({
      level,
      code,
      name,
      kinds: ['ended'],
      was_code: null,
      was_name: null,
      before_m2: area_m2,
      after_m2: null,
    }),
  )
  return [...changes.filter((change) => change.kinds.length), ...ended]
}

async function standing(of: EditionDetail, signal: AbortSignal): Promise<Changes> {
  const [before, after] = await Promise.all([allAreas(beneath(of), signal), allAreas({ edition: of.name }, signal)])
  const changes = compared(before, after)
  const levels = LEVELS.map((level) => ({ level, moved_m2: null, changes: changes.filter((each) => each.level === level) }))
  return { levels: levels.filter((each) => each.changes.length) as Changes['levels'], affected: null }
}

/** What the edition that is looked at changes; each step in its life makes another version of it. */
export const changes = useLoaded(
  () => (edition.value && edition.value.state !== 'withdrawn' ? `${edition.value.name}/${edition.value.version}` : null),
  (_, signal): Promise<Changes> => {
    const of = edition.value!
    return isOnTheWay(of) ? get<DiffOut>(`/drafts/${of.edition_id}/diff`, {}, signal) : standing(of, signal)
  },
)
