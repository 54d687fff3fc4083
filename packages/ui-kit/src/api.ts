import { idleSeconds } from './idle.ts'

/** The server said no, with a stable code; or it did not answer at all (then `status` is 0). */
export class ApiError extends Error {
  readonly code: string
  readonly status: number
  /** Number of the request in the server's log, to mention to whoever helps. */
  readonly instance: string | undefined

  constructor(code: string, status: number, instance?: string) {
    super(code)
    this.code = code
    this.status = status
    this.instance = instance
  }
}

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

export interface ApiOptions {
  /** Before every path: `/api/v1`. */
  base: string
  /** The header that a form of another site cannot send; on every call that changes something. */
  csrfHeader: string
  /** Code of the error when nothing answered. */
  unreachable: string
  /** With every call besides. */
  headers?: Readonly<Record<string, string>>
  /** The header that says for how long nobody touched the page, in seconds. */
  idleHeader?: string
}

/** What takes something away is quick, or did not get there: a person waits to be logged out. */
const longestMs = 15_000

/** Questions that are on their way. */
let asking = new AbortController()

/** Nobody waits for their answers any more. What changes something is not broken off. */
export function dropQuestions(): void {
  asking.abort()
  asking = new AbortController()
}

export type Call = <T>(method: Method, path: string, body?: unknown) => Promise<T>

/** JSON there and back, with the session's cookie. What must not stand in an address travels in `body`. */
export function apiCaller({ base, csrfHeader, unreachable, headers = {}, idleHeader }: ApiOptions): Call {
  return async <T>(method: Method, path: string, body?: unknown) => {
    const response = await fetch(`${base}${path}`, {
      method,
      credentials: 'same-origin',
      cache: 'no-store',
      ...(method === 'GET' ? { signal: asking.signal } : {}),
      ...(method === 'DELETE' ? { signal: AbortSignal.timeout(longestMs) } : {}),
      headers: {
        ...headers,
        ...(idleHeader === undefined ? {} : { [idleHeader]: String(idleSeconds()) }),
        accept: 'application/json',
        ...(method === 'GET' ? {} : { [csrfHeader]: '1' }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch(() => {
      throw new ApiError(unreachable, 0)
    })
    if (!response.ok) throw await problem(response)
    return (response.status === 204 ? undefined : await response.json()) as T
  }
}

async function problem(response: Response): Promise<ApiError> {
  const details = (await response.json().catch(() => ({}))) as { code?: unknown; instance?: unknown }
  return new ApiError(
    typeof details.code === 'string' ? details.code : 'UNEXPECTED',
    response.status,
    typeof details.instance === 'string' ? details.instance : undefined,
  )
}
