import { randomUUID } from 'node:crypto'
import { TwiinError } from '@twiin/runtime'
import type { ActOf, Person, Request } from '../ledger/acts.ts'
import type { OpenRequest, Register } from '../ledger/register.ts'

type Asked = ActOf<'requested'>

/** What the first of two people asked for or approved stands so long; nobody is surprised by the word of last year. */
const wordStandsMs = 7 * 86_400_000

/** Whether a first person's word, given at `at`, still counts. Milliseconds since the Unix epoch. */
export const stillStands = (at: number, now: number) => now - at < wordStandsMs

/**
 * Four eyes, for everything but applications: the first person's wish is a line of the ledger, the second's makes it
 * happen, and the first one's reason is the one that counts. Called inside `Books.record`, so that two calls of one
 * person can never be two people. spec 06 §4
 * Throws SECOND_PERSON_REQUIRED, ROLE_NOT_PERMITTED for somebody who was dismissed, or only looks on, in the meantime.
 */
export function askOrAgree(
  register: Register,
  by: Person,
  wanted: Request,
  now: number,
): Asked | OpenRequest {
  mustBeAdministrator(register, by)
  const open = openRequestLike(register, wanted, now)
  if (open === undefined) return { act: 'requested', id: randomUUID(), by, request: wanted }
  if (open.by === by) throw new TwiinError('SECOND_PERSON_REQUIRED', { by })
  return open
}

/** Of the same kind, for the same key or clinic, and not too old. */
export function openRequestLike(register: Register, wanted: Request, now: number): OpenRequest | undefined {
  const subject = subjectOf(wanted)
  return [...register.requests.values()].find(
    ({ request, at }) => subjectOf(request) === subject && stillStands(at, now),
  )
}

/**
 * A call may have waited while its caller was dismissed, or became an auditor. Who comes by a bearer token and has no account
 * stands in no register, and is an administrator.
 */
export function mustBeAdministrator(register: Register, by: Person): void {
  if (register.dismissed.has(by) || register.people.get(by) === 'auditor')
    throw new TwiinError('ROLE_NOT_PERMITTED')
}

function subjectOf(request: Request): string {
  return `${request.kind} ${request.kind === 'quota' ? request.ura : request.peerId}`
}
