import { createHash } from 'node:crypto'
import { textsOf } from '@twiin/dicom'
import type { Clock } from '@twiin/runtime'
import type { Asked } from '@twiin/web'
import type { Person } from '../people/people-file.ts'
import { qidoQuery } from './query-parameters.ts'

interface Ticket {
  person: Person
  studyInstanceUid: string
  until: number
}

const validMs = 3_600_000
const mostTickets = 10_000
const studies = '/dicom-web/studies'
const ofStudy = `${studies}/:study`
const studyUid = '0020000D'

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

  /** Whose ticket this is and for which study, if it is good for this request. Throws what the reading of its query throws. */
  holderOf(ticket: string, asked: Asked): { person: Person; studyInstanceUid: string } | undefined {
    const found = this.#tickets.get(digestOf(ticket))
    if (found === undefined || found.until <= this.#clock.now()) return undefined
    if (asked.method !== 'GET' && asked.method !== 'HEAD') return undefined
    return isOf(asked, found.studyInstanceUid) ? found : undefined
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
