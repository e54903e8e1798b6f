import { computed } from 'vue'

import { get, post, remove } from '../api/client'
import type { GenerationAccepted, GenerationAsk, GenerationDetail, GenerationSummary, JobOut, PageGenerationSummary } from '../api/schema'
import { reloadBoundaries } from '../state/folder'
import { useLoaded } from '../state/loaded'
import { can } from '../state/session'
import { patchView } from '../state/view'
import { count, percent } from '../words/format'
import { t } from '../words/texts'
import { chosenGeneration, part } from './state'

/** A bar that the cells are measured by; `least` or `most` is null where there is none. */
export interface Bar {
  name: string
  least: number | null
  most: number | null
  value: number | null
  passed: boolean
}

export interface Bin {
  from_m2: number
  below_m2: number | null
  count: number
}

export interface QuarterRow {
  code: string
  name: string
  count: number
  new: number
  kept: number
  ended: number
  mean_m2: number | null
  share_5_20: number | null
  share_of_border_on_barriers: number | null
  failed: string[]
}

/** What a generation found, as the user guide tells it. */
export interface CellReport {
  area: { code: string; name: string; level: string }
  on: string
  scheme: string
  kernel_version: string
  content_sha256: string
  parameters: { target_m2: number; barriers_on: string }
  inputs: { subject: string; part: string; name: string }[]
  quality: Record<string, number | null> & { histogram: Bin[] }
  naive: Record<string, number | null>
  bars: Bar[]
  quarters: QuarterRow[]
}

const FINAL = ['succeeded', 'failed', 'cancelled']
const POLL_MS = 500

export function isUnderWay({ state }: Pick<GenerationSummary, 'state'>): boolean {
  return state !== null && !FINAL.includes(state)
}

export interface Watched {
  generation: GenerationDetail
  job: JobOut | null
}

async function look(id: string, signal: AbortSignal): Promise<Watched> {
  const generation = await get<GenerationDetail>(`/cells/generations/${encodeURIComponent(id)}`, {}, signal)
  const ended = generation.state === 'succeeded' || generation.job_id === null
  return { generation, job: ended ? null : await get<JobOut>(`/jobs/${generation.job_id}`, {}, signal) }
}

/** The generation that is open, with its job while there is something to tell of it. */
export const opened = useLoaded(() => (can('read') ? chosenGeneration.value || null : null), look)

let following = 0

/** Look again and again at the open generation until it has ended; its boundaries are fetched again then. */
export async function follow(): Promise<void> {
  const mine = ++following
  while (mine === following && opened.data && isUnderWay(opened.data.generation)) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    if (mine !== following || opened.problem) return
    await opened.reload()
    if (opened.data && !isUnderWay(opened.data.generation)) await reloadBoundaries()
  }
}

export function unfollow(): void {
  following += 1
}

export const report = computed(() => (opened.data?.generation.report ?? null) as unknown as CellReport | null)

/** The newest generations; asked while they are listed. */
export const generations = useLoaded(
  () => (can('read') && part.value === 'generations' ? true : null),
  async (_, signal) => (await get<PageGenerationSummary>('/cells/generations', { limit: 100 }, signal)).items,
)

export function openGeneration({ generation_id, edition }: Pick<GenerationSummary, 'generation_id' | 'edition'>): void {
  patchView({ generation: String(generation_id), edition, part: null, select: null }, { push: true })
}

export async function askForCells(ask: GenerationAsk): Promise<void> {
  const { generation_id } = await post<GenerationAccepted>('/cells/generations', ask)
  openGeneration({ generation_id, edition: ask.edition })
}

export async function cancelGeneration(): Promise<void> {
  const { job_id } = opened.data!.generation
  await remove(`/jobs/${job_id}`)
  await opened.reload()
}

const SHARES = ['share_outside_band', 'share_5_20', 'share_of_border_on_barriers', 'share_compactness_below_0_3']

/** A figure of the report for reading. */
export function figure(name: string, value: number | null | undefined): string {
  if (value == null) return '—'
  if (SHARES.includes(name)) return percent(value)
  return /(_m2|_m|count)$/.test(name) ? count(Math.round(value)) : value.toFixed(2)
}

/** What a bar asks for, in words. */
export function barWords({ name, least, most }: Bar): string {
  const fields = { least: figure(name, least), most: figure(name, most) }
  if (least !== null && most !== null) return t('cell_report.between', fields)
  return t(least !== null ? 'cell_report.at_least' : 'cell_report.at_most', fields)
}
