import type { Problem as ProblemBody, ProblemError } from './schema'
import { language, t } from '../words/texts'

/** What went wrong with a request: the server's problem document (RFC 9457), or what stands in for it. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly requestId: string | null,
    /** Single wrong values, or refused rows of a file. */
    readonly errors: ProblemError[] = [],
    /** Its stable name, which `type` ends with. */
    readonly code = '',
  ) {
    super(`${status} ${title}: ${detail}`)
  }
}

async function problemOf(response: Response): Promise<Problem> {
  const isProblem = (response.headers.get('content-type') ?? '').includes('problem+json')
  const body: Partial<ProblemBody> = isProblem ? ((await response.json()) as ProblemBody) : {}
  return new Problem(
    response.status,
    body.title ?? t('console.problem.title'),
    body.detail ?? t('console.problem.no_detail', { status: response.status }),
    body.request_id ?? response.headers.get('x-request-id'),
    body.errors ?? [],
    (body.type ?? '').split('/').at(-1),
  )
}

let signedOut = (): void => {}

/** Call this whenever the server no longer knows who asks. */
export function onSignedOut(handler: () => void): void {
  signedOut = handler
}

type Headers = Record<string, string>

async function respond(method: string, path: string, given?: unknown, signal?: AbortSignal, more: Headers = {}): Promise<Response> {
  const headers: Headers = { Accept: 'application/json', 'Accept-Language': language.value, ...more }
  const isFile = given instanceof Blob
  if (given !== undefined) headers['Content-Type'] = isFile ? 'application/octet-stream' : 'application/json'
  const body = isFile ? given : given && JSON.stringify(given)
  let response: Response
  try {
    response = await fetch(`/api/v1${path}`, { method, headers, signal, body } as RequestInit)
  } catch (error) {
    if (signal?.aborted) throw error
    throw new Problem(0, t('console.problem.unreachable'), t('console.problem.unreachable_remedy'), null)
  }
  if (response.status === 401 && !OWN.includes(path)) signedOut()
  if (!response.ok) throw await problemOf(response)
  return response
}

async function request<T>(...asked: Parameters<typeof respond>): Promise<T> {
  const response = await respond(...asked)
  return (response.status === 204 ? undefined : await response.json()) as T
}

/** What a person is refused here is for the form to say. */
const OWN = ['/session', '/session/password', '/setup']

export type Query = Record<string, string | number | readonly string[] | null | undefined>

/** Return a path with the given query; empty values are left out, and several of one name stand one after the other. */
export function withQuery(path: string, query: Query): string {
  const given = Object.entries(query).flatMap(([key, value]) => [value ?? ''].flat().map((each) => [key, String(each)]))
  const text = new URLSearchParams(given.filter(([, value]) => value)).toString()
  return text ? `${path}?${text}` : path
}

export function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return request<T>('GET', withQuery(path, query), undefined, signal)
}

/** Send a body, a file as it is. */
export function post<T>(path: string, body: unknown, headers: Headers = {}, signal?: AbortSignal): Promise<T> {
  return request<T>('POST', path, body, signal, headers)
}

/** Send a body for an answer that is a page or another text. */
export async function postForText(path: string, body: unknown): Promise<string> {
  return (await respond('POST', path, body)).text()
}

/** Send a file and tell how much of it has gone (0–1), which `fetch` cannot. */
export async function send<T>(path: string, file: Blob, told: (share: number) => void): Promise<T> {
  const asked = new XMLHttpRequest()
  asked.open('POST', `/api/v1${path}`)
  asked.setRequestHeader('Accept-Language', language.value)
  asked.setRequestHeader('Content-Type', 'application/octet-stream')
  asked.upload.onprogress = ({ loaded, total }) => told(total ? loaded / total : 1)
  await new Promise<void>((resolve) => {
    asked.onloadend = () => resolve()
    asked.send(file)
  })
  if (!asked.status) throw new Problem(0, t('console.problem.unreachable'), t('console.problem.unreachable_remedy'), null)
  if (asked.status === 401) signedOut()
  const type = asked.getResponseHeader('content-type') ?? ''
  const response = new Response(asked.responseText, { status: asked.status, headers: { 'content-type': type } })
  if (!response.ok) throw await problemOf(response)
  return (await response.json()) as T
}

export function put<T>(path: string, body: unknown): Promise<T> {
  return request<T>('PUT', path, body)
}

export function patch<T>(path: string, body: unknown): Promise<T> {
  return request<T>('PATCH', path, body)
}

export function remove(path: string): Promise<void> {
  return request<void>('DELETE', path)
}
