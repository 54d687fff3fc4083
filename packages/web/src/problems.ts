import { isTwiinError } from '@twiin/runtime'
import type { FastifyError, FastifyReply } from 'fastify'

/** Status and title of every code that may leave. */
export type ProblemTable = Readonly<Record<string, readonly [status: number, title: string]>>

/** What the server itself has to say, whatever the app. */
const ownProblems: ProblemTable = {
  VALIDATION: [400, 'The request does not have the shape of the specification.'],
  NOT_AUTHENTICATED: [401, 'Log in, or send a bearer token.'],
  ROLE_NOT_PERMITTED: [403, 'Your role does not include this.'],
  CSRF: [403, 'This request did not come from the page of this server.'],
  NOT_FOUND: [404, 'There is nothing here by that name.'],
  SESSION_LOCKED: [423, 'The session is locked; unlock it first.'],
  BODY_TOO_LARGE: [413, 'The request is too large.'],
  TOO_MANY_ATTEMPTS: [429, 'Too many attempts; wait a while.'],
  NOT_BUILT: [501, 'This part does not exist yet.'],
}

const unexpected = 'Something went wrong here; the log has the request.'

/** RFC 9457 problem details with a stable `code`. A code that is in no table is a 500 without details. */
export class Problems {
  readonly #table: ProblemTable
  readonly #showsReason: boolean

  /** `showsReason`: the fact `reason` of an error is answered as `detail`; for an app whose facts are fit to be read. */
  constructor(options: { table: ProblemTable; showsReason?: boolean }) {
    this.#table = { ...ownProblems, ...options.table }
    this.#showsReason = options.showsReason ?? false
  }

  send(reply: FastifyReply, code: string, detail?: string): FastifyReply {
    const known = this.#known(code)
    const shown = known === undefined ? 'UNEXPECTED' : code
    const [status, title] = known ?? [500, unexpected]
    return reply
      .code(status)
      .type('application/problem+json')
      .send({
        type: `urn:twiin:problem:${shown.toLowerCase().replaceAll('_', '-')}`,
        title,
        status,
        code: shown,
        ...(detail !== undefined && { detail }),
        instance: reply.request.id,
      })
  }

  /**
   * Turns whatever a handler threw into a problem. Validation messages name the field, never its value. The fact
   * `retryAfterSeconds` becomes the header.
   */
  answer(error: FastifyError, reply: FastifyReply): FastifyReply {
    const code = this.#codeOf(error)
    if (error.validation !== undefined) {
      const at = error.validation[0]?.instancePath ?? ''
      return this.send(reply, code, `${error.validationContext ?? 'request'}${at}`)
    }
    if (!isTwiinError(error) || code === 'UNEXPECTED') return this.send(reply, code)
    const { reason, retryAfterSeconds } = error.facts
    if (typeof retryAfterSeconds === 'number') reply.header('retry-after', retryAfterSeconds)
    return this.send(reply, code, this.#showsReason && typeof reason === 'string' ? reason : undefined)
  }

  /** How loud the log is: what nobody foresaw is an error, what the app announces as its own trouble a warning. */
  severityOf(error: FastifyError): 'error' | 'warn' | 'debug' {
    const [status] = this.#known(this.#codeOf(error)) ?? []
    if (status === undefined) return 'error'
    return status >= 500 ? 'warn' : 'debug'
  }

  #codeOf(error: FastifyError): string {
    if (error.validation !== undefined) return 'VALIDATION'
    if (isTwiinError(error)) return this.#known(error.code) === undefined ? 'UNEXPECTED' : error.code
    if (error.statusCode === 413) return 'BODY_TOO_LARGE'
    if (error.statusCode === 429) return 'TOO_MANY_ATTEMPTS'
    return error.statusCode !== undefined && error.statusCode < 500 ? 'VALIDATION' : 'UNEXPECTED'
  }

  #known(code: string): readonly [number, string] | undefined {
    return Object.hasOwn(this.#table, code) ? this.#table[code] : undefined
  }
}
