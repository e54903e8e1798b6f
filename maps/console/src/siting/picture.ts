import type * as GeoJSON from 'geojson'
import { computed } from 'vue'

import type { PlanComparison, SitingDocument } from '../api/schema'
import { RATIO_CLASSES, UNREACHABLE_COLOUR } from '../map/palette'
import type { Tint } from '../coverage/tint'
import { percent } from '../words/format'
import { named, t } from '../words/texts'
import { change, chosenRerun, comparedNames, comparison, exactPlan, publicPlan, rerun, run, shown, shownAreas, sitingLevel, when } from './answers'
import { asked, clicked, given, zones } from './ask'
import { plansOpen, siting } from './open'

/** What part a feature plays on the map. */
type Role = 'zone' | 'candidate' | 'rejected' | 'uncoverable' | 'incumbent' | 'chosen' | 'target' | 'compared' | 'changed' | 'left'

function point(role: Role, { lon, lat }: { lon: number; lat: number }, properties: GeoJSON.GeoJsonProperties = {}): GeoJSON.Feature {
  return { type: 'Feature', properties: { role, ...properties }, geometry: { type: 'Point', coordinates: [lon, lat] } }
}

function zone(geometry: GeoJSON.Geometry): GeoJSON.Feature {
  return { type: 'Feature', properties: { role: 'zone' }, geometry }
}

/** What the wizard has been told so far. */
function toAsk(): GeoJSON.Feature[] {
  const spots = asked.source === 'list' ? [...given.value, ...clicked.value.map(([lon, lat]) => ({ lon, lat }))] : []
  return [...zones.value.map(zone), ...spots.map((spot) => point('candidate', spot))]
}

function positions(role: Role, of: readonly (readonly number[])[]): GeoJSON.Feature[] {
  return of.map((at) => point(role, { lon: at[0]!, lat: at[1]! }))
}

function answered({ terms, rejected, uncoverable, chosen }: SitingDocument): GeoJSON.Feature[] {
  return [
    ...(terms.forbidden as unknown as GeoJSON.Geometry[]).map(zone),
    ...rejected.flatMap((each) => positions('rejected', each.positions ?? [])),
    ...uncoverable.listed.map((place) => point('uncoverable', place)),
    ...chosen.map((each) => point('chosen', each, { rank: each.rank, sure: each.sure !== false })),
  ]
}

/** Letters by which plans side by side are told apart, in their order. */
export const LETTERS = ['A', 'B', 'C', 'D'] as const

function sideBySide({ plans }: PlanComparison): GeoJSON.Feature[] {
  return plans.flatMap(({ name, points }) =>
    points.map(({ chosen, also_in }) => {
      const letters = LETTERS.filter((_, index) => [name, ...also_in].includes(plans[index]?.name ?? '')).join('')
      return point('compared', chosen, { letters, rank: chosen.rank })
    }),
  )
}

function ofPlan(): GeoJSON.Feature[] {
  if (change.data && chosenRerun.value) {
    const { kept, left, new: more } = change.data
    return [
      ...left.map((each) => point('left', each, { rank: each.rank, sure: false })),
      ...[...kept.map(({ after }) => after), ...more].map((each) => point('changed', each, { rank: each.rank, sure: more.includes(each) })),
    ]
  }
  const targets = exactPlan.value?.adoption?.targets.map((each) => ({ ...each, built: each.built !== null })) ?? publicPlan.value?.points.map((each, index) => ({ ...each, rank: index + 1 }))
  if (targets) return targets.map((each) => point('target', each, { rank: each.rank, built: each.built }))
  return shown.value ? answered(shown.value) : []
}

/** What the map draws of siting; null on other pages. */
export const sitingPicture = computed((): GeoJSON.Feature[] | null => {
  if (plansOpen.value) {
    if (rerun.data && !change.data && rerun.data.progress) return positions('incumbent', rerun.data.progress.chosen)
    return comparedNames.value.length ? (comparison.data ? sideBySide(comparison.data) : []) : ofPlan()
  }
  if (!siting.value) return null
  if (shown.value) return answered(shown.value)
  if (run.data) return positions('incumbent', run.data.progress?.chosen ?? [])
  return toAsk()
})

/** The share of an area before or after, of the plan that is looked at where there are several. */
function ratioOf(area: (typeof shownAreas.value)[number]): number | null {
  if (when.value === 'before') return area.ratio_before
  return Array.isArray(area.ratio_after) ? (area.ratio_after[Number(when.value) || 0] ?? null) : area.ratio_after
}

function colour(ratio: number): string {
  return RATIO_CLASSES.findLast(([from]) => ratio >= from)?.[1] ?? UNREACHABLE_COLOUR
}

function classWords(index: number): string {
  const ends = [RATIO_CLASSES[index]![0], RATIO_CLASSES[index + 1]?.[0] ?? 1]
  return ends.map((end) => percent(end).replace('.0', '')).join('–')
}

/** Areas that are not asked about keep the ground's colour. */
const NOT_ASKED = 'rgba(0, 0, 0, 0)'

/** Areas by the share that reaches a point, before or after. */
export const sitingTint = computed((): Tint | null => {
  const areas = shownAreas.value.flatMap((area) => {
    const ratio = ratioOf(area)
    return area.level === sitingLevel.value && ratio !== null ? [{ code: area.code, ratio }] : []
  })
  if (!areas.length) return null
  const level = { level: named('level', sitingLevel.value) }
  return {
    title: when.value === 'before' ? t('console.siting.legend_before', level) : t('console.siting.legend_after', level),
    classes: RATIO_CLASSES.map(([, of], index) => ({ colour: of, words: classWords(index) })),
    colours: areas.map(({ code, ratio }) => [code, colour(ratio)]),
    words: areas.map(({ code, ratio }) => [code, percent(ratio)]),
    others: NOT_ASKED,
  }
})
