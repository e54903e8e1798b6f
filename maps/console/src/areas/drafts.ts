import { post, withQuery } from '../api/client'
import type { DraftAsk, DraftOut, EditionDetail, FileTaken } from '../api/schema'
import { reloadBoundaries } from '../state/folder'
import type { EditAsk } from './edits'

/** A change asks for the draft as it was seen: one that somebody else has changed meanwhile is refused. */
function asSeen(draft: EditionDetail): Record<string, string> {
  return { 'If-Match': `"${draft.version}"` }
}

export async function openDraft(ask: DraftAsk): Promise<DraftOut> {
  const opened = await post<DraftOut>('/drafts', ask)
  await reloadBoundaries()
  return opened
}

export type Step = 'check' | 'approve' | 'activate' | 'withdraw'

async function change<T>(draft: EditionDetail, path: string, body?: unknown): Promise<T> {
  try {
    return await post<T>(`/drafts/${draft.edition_id}/${path}`, body, asSeen(draft))
  } finally {
    await reloadBoundaries()
  }
}

export function takeStep(draft: EditionDetail, step: Step, body?: unknown): Promise<DraftOut> {
  return change(draft, step, body)
}

export function edit(draft: EditionDetail, ask: EditAsk): Promise<DraftOut> {
  return change(draft, 'edits', ask)
}

export interface FileAsk extends Record<string, string | null> {
  level: string
  datum: string | null
  code_field: string | null
  name_field: string | null
}

export function addFile(draft: EditionDetail, file: File, ask: FileAsk): Promise<FileTaken> {
  return change(draft, withQuery('files', { file: file.name, ...ask }), file)
}
