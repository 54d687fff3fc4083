import { createHash, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { TwiinError } from '@twiin/runtime'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Person } from '../ledger/acts.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The person who asks. Set on every route for staff only. */
    by: Person
  }
  interface FastifyContextConfig {
    /** Only the registry's two people may call this route. Others are open to everybody. */
    staffOnly?: true
  }
}

const shortestToken = 20

/** The two people of the registry, each known by a bearer token. */
export class People {
  readonly #digests: readonly [Person, Buffer][]

  constructor(tokens: Readonly<Record<Person, string>>) {
    if (tokens.administrator === tokens.approver) throw new TwiinError('TOKENS_EQUAL')
    for (const [person, token] of Object.entries(tokens))
      if (token.length < shortestToken)
        throw new TwiinError('TOKEN_TOO_SHORT', { person, atLeast: shortestToken })
    this.#digests = [
      ['administrator', sha256(tokens.administrator)],
      ['approver', sha256(tokens.approver)],
    ]
  }

  static async read(files: Readonly<Record<Person, string>>): Promise<People> {
    const read = async (file: string) => (await readFile(file, 'utf8')).trim()
    return new People({
      administrator: await read(files.administrator),
      approver: await read(files.approver),
    })
  }

  /** Compares digests, all of them, in constant time: the answer's delay says nothing about a token. */
  byToken(token: string): Person | undefined {
    const presented = sha256(token)
    return this.#digests.filter(([, digest]) => timingSafeEqual(digest, presented))[0]?.[0]
  }
}

/** Lets a request to a route for staff pass only with the token of one of them. */
export function authenticate(app: FastifyInstance, people: People): void {
  app.decorateRequest('by')
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.staffOnly === undefined) return
    const person = bearer(request, people)
    if (person === undefined) throw new TwiinError('NOT_AUTHENTICATED')
    request.by = person
  })
}

function bearer(request: FastifyRequest, people: People): Person | undefined {
  const [scheme, token] = (request.headers.authorization ?? '').split(' ')
  return scheme?.toLowerCase() === 'bearer' && token !== undefined ? people.byToken(token) : undefined
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
