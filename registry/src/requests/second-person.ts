import { randomUUID } from 'node:crypto'
import { TwiinError } from '@twiin/runtime'
import type { ActOf, Person, Request } from '../ledger/acts.ts'
import type { OpenRequest, Register } from '../ledger/register.ts'

type Asked = ActOf<'requested'>

/**
 * Four eyes, for everything but applications: the first person's wish is a line of the ledger, the second's makes it
 * happen, and the first one's reason is the one that counts. Called inside `Books.record`, so that two calls of one
 * person can never be two people. spec 06 §4
 * Throws SECOND_PERSON_REQUIRED, ROLE_NOT_PERMITTED for somebody who was dismissed, or only looks on, in the meantime.
 */
export function askOrAgree(register: Register, by: Person, wanted: Request): Asked | OpenRequest {
  mustBeAdministrator(register, by)
  const open = openRequestLike(register, wanted)
  if (open === undefined) return { act: 'requested', id: randomUUID(), by, request: wanted }
  if (open.by === by) throw new TwiinError('SECOND_PERSON_REQUIRED', { by })
  return open
}

/** Of the same kind, for the same key or clinic. */
export function openRequestLike(register: Register, wanted: Request): OpenRequest | undefined {
  const subject = subjectOf(wanted)
  return [...register.requests.values()].find(({ request }) => subjectOf(request) === subject)
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
