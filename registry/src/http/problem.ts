import { codeOf, isTwiinError } from '@twiin/runtime'
import type { Logger } from '@twiin/runtime'
import type { FastifyError, FastifyReply } from 'fastify'

/** Status and title of every code this API answers with (spec 06 §6). Any other code is a 500 without details. */
const known: Readonly<Record<string, readonly [status: number, title: string]>> = {
  VALIDATION: [400, 'The request does not have the shape of the specification.'],
  MESSAGE_INVALID: [400, 'The message does not have the shape of the specification.'],
  MESSAGE_TOO_LARGE: [413, 'The message is longer than it may be.'],
  NOT_AUTHENTICATED: [401, 'Send the bearer token of the administrator or the approver.'],
  ENROLMENT_TOKEN_INVALID: [
    401,
    'This enrolment token does not exist, is used up, expired, or is for another clinic.',
  ],
  SIGNATURE_INVALID: [401, 'The signature is not one of this key over this message.'],
  KEY_REVOKED: [403, 'This key was revoked; a new key needs a new enrolment.'],
  KEY_UNKNOWN: [403, 'This key was never enrolled.'],
  RENEWAL_TOO_LATE: [403, 'The certificate expired more than thirty days ago; enrol again.'],
  PEER_UNKNOWN: [403, 'No valid certificate belongs to this key.'],
  NOT_FOUND: [404, 'There is nothing here.'],
  SECOND_PERSON_REQUIRED: [409, 'You have already said so; it takes another person.'],
  APPLICATION_CLOSED: [409, 'This application was approved, or a newer one took its place.'],
  KEEPER_KEY: [409, 'This is the key of the registry itself; it ends with a new ceremony.'],
  ALREADY_REVOKED: [409, 'This certificate is revoked.'],
  KEY_TAKEN: [409, 'This key belongs to another clinic.'],
  CLINIC_HAS_KEY: [409, 'This clinic has another key with a valid certificate; revoke that first.'],
  BODY_TOO_LARGE: [413, 'The body is longer than it may be.'],
  CSR_INVALID: [422, 'The certificate request cannot be read, or was not signed by the key in it.'],
  ANNOUNCEMENT_STALE: [422, 'The announcement is more than five minutes away from our clock.'],
  TOO_MANY_ATTEMPTS: [429, 'Too many requests; wait a while.'],
  UNEXPECTED: [500, 'Something went wrong here; it is in the log.'],
  NOT_BUILT: [501, 'This part does not exist yet.'],
  NOT_READY: [503, 'Still starting.'],
  LEDGER_UNWRITABLE: [503, 'The ledger cannot be written; nothing is taken in.'],
}

/** RFC 9457 problem details with a stable `code`. */
export function sendProblem(reply: FastifyReply, code: string, detail?: string): FastifyReply {
  const shown = known[code] === undefined ? 'UNEXPECTED' : code
  const [status, title] = known[shown] ?? [500, shown]
  return reply
    .code(status)
    .type('application/problem+json')
    .send({
      type: `https://twiin.example/problems/${shown.toLowerCase().replaceAll('_', '-')}`,
      title,
      status,
      code: shown,
      ...(detail !== undefined && { detail }),
      instance: reply.request.id,
    })
}

/** Turns whatever a handler threw into a problem. Validation details name the field, never its value. */
export function answerError(error: FastifyError, reply: FastifyReply, log: Logger): FastifyReply {
  if (error.validation !== undefined) {
    const at = error.validation[0]?.instancePath ?? ''
    return sendProblem(reply, 'VALIDATION', `${error.validationContext ?? 'request'}${at}`)
  }
  if (isTwiinError(error) && known[error.code] !== undefined) {
    const { reason, retryAfterSeconds } = error.facts
    if (typeof retryAfterSeconds === 'number') reply.header('retry-after', retryAfterSeconds)
    return sendProblem(reply, error.code, typeof reason === 'string' ? reason : undefined)
  }
  if (error.statusCode === 413) return sendProblem(reply, 'BODY_TOO_LARGE')
  if (error.statusCode === 429) return sendProblem(reply, 'TOO_MANY_ATTEMPTS')
  if (error.statusCode !== undefined && error.statusCode < 500) return sendProblem(reply, 'VALIDATION')
  log.error('request failed', { code: codeOf(error), route: reply.request.routeOptions.url })
  return sendProblem(reply, 'UNEXPECTED')
}
