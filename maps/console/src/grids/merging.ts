import type * as GeoJSON from 'geojson'
import { computed } from 'vue'

import { get, withQuery } from '../api/client'
import type { ComparedOut, ConflictKind, DepartmentList, DepartmentOut, JobOut, PageMergeSummary, WayOut } from '../api/schema'
import { router } from '../router'
import { asOf } from '../state/boundaries'
import { cameraWish } from '../state/camera'
import { useLoaded } from '../state/loaded'
import { can } from '../state/session'
import { patchView, viewed } from '../state/view'
import { t } from '../words/texts'
import { chosenArea } from './state'

/** What is told of one conflict. */
export interface Conflict {
  conflict_no: number
  kind: ConflictKind
  /** The codes of the grids that hold it, by department. */
  grids: Record<string, string[]>
  area_m2: number
  width_m: number
  residents_60_plus: number | null
  cases: number
  /** The codes of the merged grids that it goes to, by way. */
  outcomes: Record<string, string[]>
}

export type Shape = GeoJSON.Polygon | GeoJSON.MultiPolygon
export type ConflictShape = GeoJSON.Feature<Shape, Conflict>
export type GridShape = GeoJSON.Feature<Shape, { code: string; name: string | null; conflict_no: number | null }>

export const WAYS = ['lead', 'cells', 'common'] as const
export type WayName = (typeof WAYS)[number]

/** The part under which results of merges are kept; they are no department. */
const MERGED = 'merged'
/** Fewer departments cannot be compared. */
export const LEAST = 2

const chosenDepartments = viewed('departments')
const chosenLead = viewed('lead')
const chosenWay = viewed('way')
const chosenConflict = viewed('conflict')

function here(): boolean {
  return router.currentRoute.value.name === 'merging' && can('read')
}

/** The departments with grids in force on the day that is shown. */
export const departments = useLoaded(
  () => (here() ? asOf.value : null),
  async (on, signal) => (await get<DepartmentList>('/department-grids/departments', { on }, signal)).items.filter((each) => each.department !== MERGED),
)

/** The departments that are compared: those in the URL, else all. */
export const compared = computed((): string[] => {
  const known = (departments.data ?? []).map((each) => each.department)
  const wanted = chosenDepartments.value.split(',')
  return chosenDepartments.value ? known.filter((each) => wanted.includes(each)) : known
})

/** Whose borders lead: the one in the URL, else the first. */
export const lead = computed(() => (compared.value.includes(chosenLead.value) ? chosenLead.value : (compared.value[0] ?? null)))

export function toggleDepartment(name: string): void {
  const all = (departments.data ?? []).map((each) => each.department)
  const next = all.filter((each) => compared.value.includes(each) !== (each === name))
  patchView({ departments: next.length === all.length ? null : next.join(',') || 'none', conflict: null })
}

/** Where the departments disagree, with what each way makes of it; nothing of it is kept. */
export const comparison = useLoaded(
  () => (here() && compared.value.length >= LEAST ? comparisonPath() : null),
  (path, signal) => get<ComparedOut>(path, {}, signal),
)

function comparisonPath(): string {
  const path = withQuery('/department-grids/comparison', { geometry: 'true', on: asOf.value, area: chosenArea.value, lead: lead.value })
  return compared.value.reduce((whole, each) => `${whole}&department=${encodeURIComponent(each)}`, path)
}

export const conflicts = computed(() => (comparison.data?.map?.conflicts ?? []) as unknown as ConflictShape[])

/** The way that is looked at: the one in the URL, else by the majority. */
export const way = computed((): WayName => {
  const known = (comparison.data?.ways ?? []).map((each): string => each.way)
  return WAYS.find((each) => each === chosenWay.value && known.includes(each)) ?? 'common'
})

export function wayNamed(name: string): WayOut | undefined {
  return comparison.data?.ways.find((each) => each.way === name)
}

/** The merged grids that a way makes. */
export function gridsOf(name: string): GridShape[] {
  return (comparison.data?.map?.ways[name] ?? []) as unknown as GridShape[]
}

/** The conflict that is looked at: the one in the URL; the maps side by side begin with the largest. */
export const conflict = computed(() => conflicts.value.find((each) => String(each.id) === chosenConflict.value) ?? null)

export function departmentName(slug: string): string {
  return departments.data?.find((each: DepartmentOut) => each.department === slug)?.name ?? slug
}

/** The codes of grids in words: none, or all of them. */
export function codesText(codes: readonly string[] | undefined): string {
  return codes?.length ? codes.join(' + ') : t('console.merging.none')
}

/** The merges that are kept, the newest first. */
export const merges = useLoaded(
  () => (here() ? true : null),
  async (_, signal) => (await get<PageMergeSummary>('/merges', { limit: 50 }, signal)).items,
)

const POLL_MS = 500

/** Wait for the job of a merge and return the number of the merge, or the job that failed. */
export async function mergeOfJob(job_id: number): Promise<number | JobOut> {
  for (;;) {
    const job = await get<JobOut>(`/jobs/${job_id}`)
    if (job.state === 'succeeded') return (job.result as { merge_id: number }).merge_id
    if (['failed', 'cancelled'].includes(job.state)) return job
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

/** Around a conflict the map shows some of its grids, in degrees. */
const MARGIN_DEG = 0.0012

/** Choose a conflict, and go there. */
export function openConflict({ properties, geometry }: ConflictShape): void {
  const [west, south, east, north] = boxOf(geometry)
  patchView({ conflict: String(properties.conflict_no) })
  cameraWish.value = { bbox: [west - MARGIN_DEG, south - MARGIN_DEG, east + MARGIN_DEG, north + MARGIN_DEG], bare: true }
}

/** The box of a shape: west, south, east, north. */
export function boxOf(shape: Shape): [number, number, number, number] {
  const positions = (shape.type === 'Polygon' ? [shape.coordinates] : shape.coordinates).flat(2)
  const lons = positions.map((position) => position[0]!)
  const lats = positions.map((position) => position[1]!)
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)]
}
