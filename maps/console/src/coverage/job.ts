import { ref } from 'vue'

import { get, post, Problem, remove } from '../api/client'
import type { JobOut, RunAccepted, RunAsk } from '../api/schema'
import { showRun } from '../state/folder'

const POLL_MS = 500
const FINAL = ['succeeded', 'failed', 'cancelled']

/** The job under way or just ended, and what went wrong with asking for it. */
export const job = ref<JobOut | null>(null)
export const askProblem = ref<Problem | null>(null)

export function isFinal(state: string): boolean {
  return FINAL.includes(state)
}

function wait(time_ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, time_ms))
}

async function follow({ job_id, run_id }: RunAccepted): Promise<void> {
  for (;;) {
    job.value = await get<JobOut>(`/jobs/${job_id}`)
    if (isFinal(job.value.state)) break
    await wait(POLL_MS)
  }
  if (job.value.state !== 'succeeded') return
  await showRun(run_id)
  job.value = null
}

/** Run an action, keeping the server's problem to be shown; anything else is a fault of this page. */
async function asked(action: () => Promise<void>): Promise<void> {
  askProblem.value = null
  try {
    await action()
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    askProblem.value = error
  }
}

/** Ask for a run and follow its job to the end; the new run is shown when it has succeeded. */
export function askRun(wanted: Partial<RunAsk>): Promise<void> {
  return asked(async () => follow(await post<RunAccepted>('/coverage/runs', wanted)))
}

export function cancelRun(): Promise<void> {
  return asked(async () => {
    if (job.value) await remove(`/jobs/${job.value.job_id}`)
  })
}

export function dismissJob(): void {
  job.value = null
  askProblem.value = null
}
