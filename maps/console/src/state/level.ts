import { computed } from 'vue'

import { areas, report } from './folder'
import { viewed } from './view'

/** The levels from the largest areas down; units and sectors stand beside each other. */
export const LEVELS = ['district', 'town', 'basic_management_unit', 'sector', 'residential_quarter', 'grid_cell', 'network_hull']

const chosen = viewed('level')

/** The levels that have areas here. */
export const levels = computed(() => {
  const present = new Set<string>([
    ...(areas.data ?? []).map((area) => area.level),
    ...(report.value?.levels ?? []).map((level) => level.level),
  ])
  return LEVELS.filter((level) => present.has(level))
})

/** The level that the table lists and the map colours: the chosen one, else the towns or the first that the run tells. */
export const shownLevel = computed(() => {
  if (levels.value.includes(chosen.value)) return chosen.value
  const told = new Set<string>(report.value?.levels.map((level) => level.level))
  const among = told.size ? LEVELS.filter((level) => told.has(level)) : levels.value
  return among.includes('town') ? 'town' : (among[0] ?? null)
})

/** The figures of the shown level by area code. */
export const figuresByCode = computed(() => {
  const level = report.value?.levels.find((each) => each.level === shownLevel.value)
  return new Map((level?.areas ?? []).map((area) => [area.code, area.figures]))
})
