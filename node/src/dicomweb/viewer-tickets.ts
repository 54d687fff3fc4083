import { createHash } from 'node:crypto'
import { textsOf } from '@twiin/dicom'
import type { Clock } from '@twiin/runtime'
import type { Asked } from '@twiin/web'
import type { Standing as RequestStanding } from '../http/authenticate.ts'
import type { Person } from '../people/people-file.ts'
import { qidoQuery } from './query-parameters.ts'

interface Ticket {
  person: Person
  /** Id of the session in which it was made; undefined when that was by a bearer token. */
  session: string | undefined
  studyInstanceUid: string
  until: number
}

/** What a ticket hangs on. */
export interface Standing {
  /** Id of an open session. */
  sessionOf(secret: string): string | undefined
  /** Whether that session is open and its person the same; without one, whether the token is still there. */
  stands(by: Pick<Ticket, 'person' | 'session'>): boolean
}

interface TicketHolder {
  readonly person: Person
  readonly studyInstanceUid: string
  /** For an answer that takes long. */
  readonly standing: RequestStanding
}

interface Deps {
  clock: Clock
  random: (bytes: number) => Uint8Array
  standing: Standing
}

const validMs = 3_600_000
const mostTickets = 10_000
const mostOfOne = 20
const studies = '/dicom-web/studies'
const ofStudy = `${studies}/:study`
const studyUid = '0020000D'

/**
 * Lets a viewer outside the page read one study for an hour, as the person who opened it there and for as long as they are
 * there (spec 24 §7). In memory, by digest. A ticket is a bearer token that is good for nothing else.
 */
export class ViewerTickets {
  readonly #deps: Deps
  readonly #tickets = new Map<string, Ticket>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** `until`: milliseconds since the Unix epoch. Of one person the oldest give way, of others none. */
  issue(
    by: { person: Person; sessionSecret: string | undefined },
    studyInstanceUid: string,
  ): { ticket: string; until: number } {
    const { clock, random, standing } = this.#deps
    const now = clock.now()
    for (const [digest, { until }] of this.#tickets)
      if (until <= now || this.#tickets.size >= mostTickets) this.#tickets.delete(digest)
    const own = [...this.#tickets].filter(([, { person }]) => person.id === by.person.id)
    for (const [digest] of own.slice(0, Math.max(0, own.length - mostOfOne + 1))) this.#tickets.delete(digest)
    const ticket = Buffer.from(random(32)).toString('base64url')
    const until = now + validMs
    const session = by.sessionSecret === undefined ? undefined : standing.sessionOf(by.sessionSecret)
    // A session that ended at this moment opens nothing.
    if (by.sessionSecret === undefined || session !== undefined)
      this.#tickets.set(digestOf(ticket), { person: by.person, session, studyInstanceUid, until })
    return { ticket, until }
  }

  /** Whose ticket this is and for which study, if it is good for this request. Throws what the reading of its query throws. */
  holderOf(ticket: string, asked: Asked): TicketHolder | undefined {
    const found = this.#tickets.get(digestOf(ticket))
    if (found === undefined || found.until <= this.#deps.clock.now()) return undefined
    if (asked.method !== 'GET' && asked.method !== 'HEAD') return undefined
    if (!this.#deps.standing.stands(found)) return undefined
    if (!isOf(asked, found.studyInstanceUid)) return undefined
    const { person, studyInstanceUid, until } = found
    const { clock, standing } = this.#deps
    const isLive = () => clock.now() < until && standing.stands(found)
    return { person, studyInstanceUid, standing: { isLive, clock } }
  }
}

/** The study itself, what is in it, or a list of studies that asks for this one and by nothing else. */
function isOf({ route, params, query }: Asked, studyInstanceUid: string): boolean {
  if (route === ofStudy || route.startsWith(`${ofStudy}/`)) return params['study'] === studyInstanceUid
  if (route !== studies) return false
  const { keys } = qidoQuery(query)
  const isNamed = (tag: string) => keys.get(tag)?.value.length !== 0
  return (
    [...keys.keys()].filter(isNamed).join() === studyUid &&
    textsOf(keys, studyUid).join() === studyInstanceUid
  )
}

const digestOf = (ticket: string) => createHash('sha256').update(ticket).digest('base64')
