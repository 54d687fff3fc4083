import { isTwiinError } from '@twiin/runtime'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'

/** Status of every code this API answers with (spec 10 §3). A code that is not listed is a 500 without details. */
const statusOf: Readonly<Record<string, number>> = {
  VALIDATION: 400,
  NOT_AUTHENTICATED: 401,
  ROLE_NOT_PERMITTED: 403,
  CSRF: 403,
  NOT_FOUND: 404,
  STATE_CONFLICT: 409,
  BODY_TOO_LARGE: 413,
  BSN_INVALID: 422,
  BASIS_NOT_SUPPORTED: 422,
  IDENTITY_MISMATCH: 422,
  RECIPIENT_UNKNOWN: 422,
  STUDY_UNKNOWN: 422,
  TOO_MANY_ATTEMPTS: 429,
  TOKEN_QUOTA_EXCEEDED: 429,
  NOT_BUILT: 501,
  TOKEN_UNAVAILABLE: 503,
  NOT_READY: 503,
  OUT_OF_RESOURCES: 507,
}

const titles: Readonly<Record<string, string>> = {
  VALIDATION: 'The request does not have the shape of the specification.',
  NOT_AUTHENTICATED: 'Log in, or send a bearer token.',
  ROLE_NOT_PERMITTED: 'Your role does not include this.',
  CSRF: 'This request did not come from the page of this node.',
  NOT_FOUND: 'There is nothing here by that name.',
  STATE_CONFLICT: 'Its state does not allow this any more.',
  BODY_TOO_LARGE: 'The request is too large.',
  IDENTITY_MISMATCH: 'This is not the patient of that BSN.',
  RECIPIENT_UNKNOWN: 'The network has no such hospital or mailbox.',
  STUDY_UNKNOWN: 'This study is not held here.',
  TOO_MANY_ATTEMPTS: 'Too many attempts; wait a while.',
  NOT_READY: 'The node is still waiting for its certificate or the network bundle.',
  OUT_OF_RESOURCES: 'The disk is full up to its reserve.',
  UNEXPECTED: 'Something went wrong here; the log has the request.',
  BSN_INVALID: 'This is not a valid BSN.',
  BASIS_NOT_SUPPORTED: 'A search needs the basis "treatment".',
  TOKEN_UNAVAILABLE: 'The token keepers cannot be reached and this patient is not known here.',
  TOKEN_QUOTA_EXCEEDED: 'The quota of searches for new patients is used up.',
  NOT_BUILT: 'This part does not exist yet.',
}

/** RFC 9457 problem details with a stable `code`. */
export function sendProblem(reply: FastifyReply, code: string, detail?: string): FastifyReply {
  const status = statusOf[code] ?? 500
  const shown = statusOf[code] === undefined ? 'UNEXPECTED' : code
  return reply
    .code(status)
    .type('application/problem+json')
    .send({
      type: `https://twiin.example/problems/${shown.toLowerCase().replaceAll('_', '-')}`,
      title: titles[shown] ?? shown,
      status,
      code: shown,
      ...(detail === undefined ? {} : { detail }),
      instance: reply.request.id,
    })
}

/** Turns whatever a handler threw into a problem. Validation messages name the field, never its value. */
export function answerError(
  error: FastifyError,
  _request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const at = error.validation?.[0]?.instancePath
  const detail = error.validation && `${error.validationContext ?? 'request'}${at ?? ''}`
  return sendProblem(reply, problemOf(error), detail)
}

/** How loud the log is: what nobody foresaw is an error, what the API announces as its own trouble a warning. */
export function severityOf(error: FastifyError): 'error' | 'warn' | 'debug' {
  const status = statusOf[problemOf(error)]
  if (status === undefined) return 'error'
  return status >= 500 ? 'warn' : 'debug'
}

function problemOf(error: FastifyError): string {
  if (error.validation !== undefined) return 'VALIDATION'
  if (isTwiinError(error)) return statusOf[error.code] === undefined ? 'UNEXPECTED' : error.code
  if (error.statusCode === 413) return 'BODY_TOO_LARGE'
  if (error.statusCode === 429) return 'TOO_MANY_ATTEMPTS'
  return error.statusCode !== undefined && error.statusCode < 500 ? 'VALIDATION' : 'UNEXPECTED'
}
