import { createHash } from 'node:crypto'
import type { Clock } from '@twiin/runtime'
import type { Person } from '../people/people-file.ts'

interface Ticket {
  person: Person
  studyInstanceUid: string
  until: number
}

const validMs = 3_600_000
const mostTickets = 10_000
const studies = '/dicom-web/studies'

/**
 * Lets a viewer outside the page read one study for an hour, as the person who opened it there (spec 24 §7). In memory, by
 * digest. A ticket is a bearer token that is good for nothing else.
 */
export class ViewerTickets {
  readonly #clock: Clock
  readonly #random: (bytes: number) => Uint8Array
  readonly #tickets = new Map<string, Ticket>()

  constructor(deps: { clock: Clock; random: (bytes: number) => Uint8Array }) {
    this.#clock = deps.clock
    this.#random = deps.random
  }

  /** `until`: milliseconds since the Unix epoch. */
  issue(person: Person, studyInstanceUid: string): { ticket: string; until: number } {
    const now = this.#clock.now()
    for (const [digest, { until }] of this.#tickets)
      if (until <= now || this.#tickets.size >= mostTickets) this.#tickets.delete(digest)
    const ticket = Buffer.from(this.#random(32)).toString('base64url')
    const until = now + validMs
    this.#tickets.set(digestOf(ticket), { person, studyInstanceUid, until })
    return { ticket, until }
  }

  /** Whose ticket this is, if it is good for this request. `url`: path and query, as asked. */
  personFor(ticket: string, asked: { method: string; url: string }): Person | undefined {
    const found = this.#tickets.get(digestOf(ticket))
    if (found === undefined || found.until <= this.#clock.now()) return undefined
    if (asked.method !== 'GET' && asked.method !== 'HEAD') return undefined
    return isOf(asked.url, found.studyInstanceUid) ? found.person : undefined
  }
}

/** The study itself, what is in it, or a list of studies that asks for this one only. */
function isOf(url: string, studyInstanceUid: string): boolean {
  const [path = '', query = ''] = url.split('?')
  if (path === `${studies}/${studyInstanceUid}` || path.startsWith(`${studies}/${studyInstanceUid}/`))
    return true
  const asked = new URLSearchParams(query)
  const uids = ['StudyInstanceUID', '0020000D'].flatMap((name) => asked.getAll(name))
  return path === studies && uids.length === 1 && uids[0] === studyInstanceUid
}

const digestOf = (ticket: string) => createHash('sha256').update(ticket).digest('base64')
