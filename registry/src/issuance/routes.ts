import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { derOf, pemOf, readCertificateRequest } from '@twiin/identity'
import type { CertificateRequest } from '@twiin/identity'
import { TwiinError, codeOf, isTwiinError } from '@twiin/runtime'
import type { Counter } from 'prom-client'
import { tokenDigest } from '../clinics/enrolment-token.ts'
import type { KnownCertificate } from '../ledger/register.ts'
import type { Certification } from './certification.ts'

const pem = 'application/x-pem-file'
const maxBody = 24 * 1024

/** Enrolment over secure transport, RFC 7030 paths with PEM answers. spec 06 §1 */
export function estRoutes(
  options: { rootCertificate: string; issuingCertificate: string; requestsPerMinute: number },
  deps: { certification: Certification; enrolments: Counter<'outcome'>; onIssued: () => Promise<void> },
): FastifyPluginAsyncTypebox {
  const issuing = pemOf('CERTIFICATE', derOf('CERTIFICATE', options.issuingCertificate))
  const root = pemOf('CERTIFICATE', derOf('CERTIFICATE', options.rootCertificate))

  const certify = async (
    body: unknown,
    certificateFor: (request: CertificateRequest) => Promise<KnownCertificate>,
  ) => {
    try {
      const issued = await certificateFor(await readRequest(body))
      await deps.onIssued()
      deps.enrolments.inc({ outcome: 'issued' })
      return pemOf('CERTIFICATE', Buffer.from(issued.certificate, 'base64')) + issuing
    } catch (error) {
      deps.enrolments.inc({ outcome: isTwiinError(error) ? error.code : codeOf(error) })
      // spec 06 §1: who found a token does not learn that it is one.
      if (isTwiinError(error, 'KEY_OTHER_THAN_APPLIED'))
        throw new TwiinError('ENROLMENT_TOKEN_INVALID', {}, { cause: error })
      throw error
    }
  }

  return async (app) => {
    // RFC 7030 §4.2.1: the body is base64 of a PKCS #10 request.
    app.addContentTypeParser(
      'application/pkcs10',
      { parseAs: 'string', bodyLimit: maxBody },
      async (_request: unknown, body: string) => body,
    )
    app.get('/cacerts', async (_request, reply) => reply.type(pem).send(root + issuing))
    const limited = { rateLimit: { max: options.requestsPerMinute, timeWindow: 60_000 } }
    app.post('/simpleenroll', { config: limited }, async (request, reply) => {
      const answer = await certify(request.body, ({ peerId, ura, token }) => {
        if (token === undefined || token === '') throw new TwiinError('ENROLMENT_TOKEN_INVALID')
        return deps.certification.enrol({ peerId, ura, token: tokenDigest(token) })
      })
      return reply.type(pem).send(answer)
    })
    app.post('/simplereenroll', { config: limited }, async (request, reply) =>
      // spec 06 §1: the same key only; the request's own signature proves that the caller holds it.
      reply.type(pem).send(await certify(request.body, ({ peerId }) => deps.certification.renew(peerId))),
    )
  }
}

async function readRequest(body: unknown): Promise<CertificateRequest> {
  if (typeof body !== 'string' || !/^[A-Za-z0-9+/=\s]+$/.test(body))
    throw new TwiinError('CSR_INVALID', { reason: 'not base64' })
  try {
    return await readCertificateRequest(Buffer.from(body, 'base64'))
  } catch (cause) {
    throw new TwiinError('CSR_INVALID', { reason: codeOf(cause) }, { cause })
  }
}
