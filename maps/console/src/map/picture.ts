import { computed } from 'vue'

import { changes } from '../areas/changes'
import { findingShapes } from '../areas/findings'
import { drawnCases } from '../cases/filters'
import { flowShapes } from '../coverage/flows'
import { part } from '../coverage/parts'
import { tint } from '../coverage/tint'
import { gateShapes } from '../gates/gates'
import { planShapes } from '../gates/plans'
import { hotPicture } from '../indicators/hotspots'
import { indicatorBoundaries, indicatorLevel } from '../indicators/shade'
import { cellByCode, kind, proposal } from '../grids/state'
import { comparison, compared, conflict, conflicts, departments, gridsOf, way } from '../grids/merging'
import { planningPicture } from '../planning/answers'
import { sitingLevel } from '../siting/answers'
import { sitingPicture } from '../siting/picture'
import { asOf, boundaries, edition, side } from '../state/boundaries'
import { areaByCode, folder, isOfRun, report, runId } from '../state/folder'
import { jointCentres } from '../state/governance'
import { router } from '../router'
import { figuresByCode, shownLevel } from '../state/level'
import { highlight } from '../state/highlight'
import { sketch } from '../state/sketch'
import { drawing } from '../systems/drawing'
import { dark } from '../state/theme'
import { patchView, selection, viewed } from '../state/view'
import { percent } from '../words/format'
import type { GridsPicture } from './grids'
import type { MergingPicture } from './merging'
import type { WalkingPicture } from './walking'
import { DARK, LIGHT, UNREACHABLE_COLOUR } from './palette'
import { LAYER_GROUPS, type LayerGroup, type MapPicture } from './style'

const GROUND: LayerGroup[] = ['streets', 'land', 'labels']

/** What each page shows until the reader chooses. */
const SHOWN_AT_FIRST: Record<string, LayerGroup[]> = {
  coverage: ['ratio', 'places', 'service_points', ...GROUND],
  cases: ['cases', ...GROUND],
  indicators: ['indicator', 'hot_spots', ...GROUND],
  areas: ['modes', ...GROUND],
  editions: ['changes', 'findings', ...GROUND],
  governance: ['modes', ...GROUND],
  cells: [...GROUND],
  responsibility: ['grids', ...GROUND],
  placeability: ['ground', 'newly_covered', 'service_points', ...GROUND],
  siting: ['siting', 'siting_out', 'ratio', 'service_points', ...GROUND],
  siting_plans: ['siting', 'siting_out', 'ratio', 'service_points', ...GROUND],
  merging: ['conflicts', 'departments', 'merge_result', ...GROUND],
}

/** What the parts of the coverage page show instead. */
const SHOWN_BY_PART: Record<string, LayerGroup[]> = {
  gaps: ['ratio', 'service_points', ...GROUND],
  flows: ['flows', 'service_points', ...GROUND],
  access: ['ratio', 'service_points', ...GROUND],
  compare: ['ratio', 'service_points', ...GROUND],
  gates: ['gates', 'service_points', ...GROUND],
  plans: ['gates', 'plan', 'service_points', ...GROUND],
}

/** What the parts of the page of systems show. */
const SHOWN_BY_SYSTEM: Record<string, LayerGroup[]> = {
  meetings: ['topics', ...GROUND],
  premises: ['premises_quarters', ...GROUND],
  targets: ['projects', 'target_items', ...GROUND],
  gates: ['gate_communities', ...GROUND],
}

const chosen = viewed('layers')
const system = viewed('part')
const only = viewed('only')
const finding = viewed('finding')

function shownAtFirst(): LayerGroup[] {
  const page = String(router.currentRoute.value.name)
  if (page === 'systems') return SHOWN_BY_SYSTEM[system.value] ?? GROUND
  return SHOWN_BY_PART[part.value ?? ''] ?? SHOWN_AT_FIRST[page] ?? GROUND
}

/** The groups that are shown: the reader's choice in the URL, else what the page begins with. */
export const shownGroups = computed((): ReadonlySet<LayerGroup> => {
  if (!chosen.value) return new Set(shownAtFirst())
  const names = chosen.value.split(',')
  return new Set(LAYER_GROUPS.filter((group) => names.includes(group)))
})

export function toggleGroup(group: LayerGroup): void {
  const next = new Set(shownGroups.value)
  if (!next.delete(group)) next.add(group)
  patchView({ layers: [...next].join(',') || 'none' })
}

/** Whether single places may be drawn: only the exact form shows them. */
export const placesGiven = computed(() => folder.data?.form === 'exact')

/** The levels whose changes are drawn: the chosen one, else all but the cells, which are too many to be seen at once. */
const changedLevels = computed(() => {
  if (only.value) return [only.value]
  return (changes.data?.levels ?? []).map((each): string => each.level).filter((level) => level !== 'grid_cell')
})

const merging = computed((): MergingPicture | null => {
  if (!comparison.data) return null
  return {
    known: (departments.data ?? []).map((each) => each.department),
    drawn: compared.value,
    on: asOf.value,
    conflicts: conflicts.value.map(({ geometry, properties: { conflict_no, kind } }) => ({ type: 'Feature', geometry, properties: { conflict_no, kind } })),
    result: gridsOf(way.value),
    conflict: conflict.value?.properties.conflict_no ?? null,
  }
})

/** The pages whose areas are the cells. */
const OF_CELLS = ['cells', 'responsibility']
const isOfCells = computed(() => OF_CELLS.includes(String(router.currentRoute.value.name)))

const grids = computed((): GridsPicture | null => {
  if (router.currentRoute.value.name !== 'responsibility' || !kind.value) return null
  const moving = (proposal.value?.moves ?? []).map(({ cell }) => {
    const box = cellByCode.value.get(cell)?.bbox
    return { code: cell, at: box ? ([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2] as [number, number]) : null }
  })
  return { kind: kind.value, chosen: selection.value?.kind === 'grid' ? selection.value.id : '', moving, seen: boundaries.value }
})

const walking = computed((): WalkingPicture => ({
  gates: gateShapes.value,
  gate: selection.value?.kind === 'gate' ? selection.value.id : '',
  plan: part.value === 'plans' ? planShapes.value : [],
  flows: flowShapes.value,
  widest: Math.max(0, ...flowShapes.value.map((each) => Number(each.properties?.residents))),
}))

/** Whether the areas are coloured by what is told of them. */
export const areColoured = computed(() => shownGroups.value.has(tint.value?.group ?? 'ratio'))

/** What is written under the names of areas, where their colours are shown. */
function colourWords(ratios: [string, string][]): [string, string][] {
  return areColoured.value ? (tint.value?.words ?? ratios) : []
}

export const picture = computed((): MapPicture => {
  const known = [...figuresByCode.value].filter(([code, figures]) => {
    const area = areaByCode.value.get(code)
    return figures.ratio != null && (!area || isOfRun(area))
  })
  return {
    origin: location.origin,
    palette: dark.value ? DARK : LIGHT,
    shown: shownGroups.value,
    runId: report.value ? runId.value : null,
    placesGiven: placesGiven.value,
    bands_s: report.value?.parameters.bands_s ?? [],
    level: isOfCells.value ? 'grid_cell' : (indicatorLevel.value ?? sitingLevel.value ?? shownLevel.value),
    boundaries: indicatorBoundaries.value ?? boundaries.value,
    on: asOf.value,
    edition: edition.value && { name: edition.value.name, side: side.value, levels: changedLevels.value },
    jointCentres: (jointCentres.data ?? []).map(({ name, geometry }) => ({ type: 'Feature', properties: { name }, geometry })),
    findings: findingShapes.value,
    finding: finding.value ? Number(finding.value) : null,
    sketch: sketch.value,
    merging: merging.value,
    planning: planningPicture.value,
    siting: sitingPicture.value,
    drawing: drawing.value,
    grids: grids.value,
    hot: hotPicture.value,
    walking: walking.value,
    areColoured: areColoured.value,
    tinted: tint.value?.colours ?? null,
    untinted: tint.value?.others ?? UNREACHABLE_COLOUR,
    ratios: known.map(([code, figures]) => [code, figures.ratio!]),
    ratioWords: colourWords(known.map(([code, figures]) => [code, percent(figures.ratio)])),
    selectedArea: selection.value?.kind === 'area' ? selection.value.id : '',
    cases: router.currentRoute.value.name === 'cases' ? drawnCases.value : {},
    highlight: highlight.value,
  }
})
