import { get, post, send, withQuery } from '../api/client'
import type { ImportOut, ImportSummary, FileKindList, FileKindOut, FileOptionOut, PageImportSummary } from '../api/schema'
import { useLoaded } from '../state/loaded'
import { can } from '../state/session'
import { viewed } from '../state/view'
import { count } from '../words/format'
import { named, t } from '../words/texts'

export type Options = Record<string, unknown>
export type Given = Record<string, string | boolean>

export const chosenImport = viewed('import')

export const kinds = useLoaded(
  () => (can('import') ? true : null),
  (_, signal) => get<FileKindList>('/imports/kinds', {}, signal),
)

export const pastImports = useLoaded(
  () => (can('import') ? true : null),
  async (_, signal) => (await get<PageImportSummary>('/imports', { limit: 50 }, signal)).items,
)

export interface Ask {
  options: Options
  synthetic: boolean
  dry_run: boolean
}

/** Send a file, telling how much of it has gone. */
export function giveFile(file: File, kind: string, { options, synthetic, dry_run }: Ask, told: (share: number) => void): Promise<ImportOut> {
  const query = { file: file.name, kind, options: JSON.stringify(options), synthetic: String(synthetic), dry_run: String(dry_run) }
  return send<ImportOut>(withQuery('/imports', query), file, told)
}

/** The same file, which the server still has, with these options. */
export function giveAgain(given: ImportOut, ask: Ask): Promise<ImportOut> {
  return post<ImportOut>(`/imports/${given.upload_id}/again`, ask)
}

const ENDED = ['succeeded', 'failed', 'cancelled']

export function hasEnded({ state }: Pick<ImportSummary, 'state'>): boolean {
  return ENDED.includes(state)
}

/** In which words an import stands: the names of `console.imports.state`. */
export function standing(given: Pick<ImportSummary, 'state' | 'dry_run' | 'outcome' | 'problem_count'>): string {
  const { state, dry_run, outcome, problem_count } = given
  if (state === 'failed') return dry_run ? 'would_refuse' : 'refused'
  if (state !== 'succeeded') return state
  if (outcome && !outcome.new) return 'known'
  if (dry_run) return problem_count ? 'partly' : 'fine'
  return 'taken'
}

export function isGood(given: Pick<ImportSummary, 'state' | 'dry_run' | 'outcome' | 'problem_count'>): boolean {
  return ['taken', 'known', 'fine', 'partly'].includes(standing(given))
}

/** The endings that a kind's files have, for a chooser; texts may be packed. */
export function accepted(kind: FileKindOut | undefined): string {
  return [...(kind?.suffixes ?? []), '.gz'].join(',')
}

export function hasSuffix(kind: FileKindOut, name: string): boolean {
  const plain = name.toLowerCase().replace(/\.gz$/, '')
  return kind.suffixes.some((suffix) => plain.endsWith(suffix))
}

export function megabytes(bytes: number): string {
  return bytes < 1e6 ? `${count(Math.max(1, Math.round(bytes / 1e3)))} kB` : `${count(Math.round(bytes / 1e5) / 10)} MB`
}

/** What is said first; all else is for those who need it. */
const FIRST = ['edition', 'source', 'datum', 'valid_from']

export function isFirst(option: FileOptionOut): boolean {
  return option.required || FIRST.includes(option.name)
}

const GROUPS: Record<string, string[]> = { type: ['point_type'], kind: ['land_kind', 'case_kind'] }

/** The name of a value that an option may have. */
export function choiceName(option: string, value: string): string {
  const groups = GROUPS[option] ?? [option]
  return groups.map((group) => named(group, value)).find((name) => name !== value) ?? value
}

/** What stands in the fields at first: the defaults, or what was said of the file before. */
export function initial(kind: FileKindOut, said: Options = {}): Given {
  return Object.fromEntries(kind.options.map((option) => [option.name, asField(option, said[option.name] ?? option.default)]))
}

function asField({ type }: FileOptionOut, value: unknown): string | boolean {
  if (type === 'flag') return value === true
  if (type === 'pairs') return Object.entries((value as Record<string, string> | null) ?? {}).map(([role, name]) => `${role}=${name}`).join('\n')
  if (type === 'texts') return ((value as string[] | null) ?? []).join('\n')
  return (value as string | null) ?? ''
}

function lines(value: string): string[] {
  return value.split('\n').map((line) => line.trim()).filter(Boolean)
}

/** What the fields say, without those that say nothing. */
export function said(kind: FileKindOut, given: Given): Options {
  const options: Options = {}
  for (const { name, type } of kind.options) {
    const value = given[name]
    if (type === 'flag') {
      if (value === true) options[name] = true
      continue
    }
    const text = String(value ?? '').trim()
    if (!text) continue
    if (type === 'texts') options[name] = lines(text)
    else if (type === 'pairs') options[name] = Object.fromEntries(lines(text).map((line) => line.split(/=(.*)/s).slice(0, 2).map((part) => (part ?? '').trim())))
    else options[name] = text
  }
  return options
}

/** Whether all that has to be said is said. */
export function isComplete(kind: FileKindOut, given: Given): boolean {
  return kind.options.every(({ name, required }) => !required || String(given[name] ?? '').trim())
}

/** One line on what came of an import. */
export function summary(given: ImportSummary): string {
  return t(`console.imports.state.${standing(given)}`)
}
