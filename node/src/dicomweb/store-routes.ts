import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { attribute, isUid, toDicomJson } from '@twiin/dicom'
import type { Attributes } from '@twiin/dicom'
import { dimseStatus } from '@twiin/dimse'
import { TwiinError } from '@twiin/runtime'
import type { FastifyReply, FastifyRequest } from '@twiin/web'
import type { Intake } from '../intake/intake.ts'
import { jsonType } from './metadata-routes.ts'
import { MultipartReader, boundaryOf } from './multipart-reader.ts'
import { baseUrl, mustBeUid } from './request-context.ts'
import type { Place } from './request-context.ts'
import { storePart } from './store-part.ts'
import type { StoredPart } from './store-part.ts'

interface Deps {
  intake: Intake
  aeTitle: string
}

/** A request of which nothing comes for so long is over. */
const idleMs = 30_000
const dicom = 'application/dicom'

/** STOW-RS (PS3.18 §10.5, spec 14 §7): only for operators, and through the same intake as C-STORE. */
export function storeRoutes(deps: Deps): FastifyPluginAsyncTypebox {
  return async (app) => {
    // As it comes: never a whole request in memory.
    app.addContentTypeParser('multipart/related', (_request, body, done) => done(null, body))
    for (const path of ['/studies', '/studies/:study'])
      app.post(path, { config: { roles: ['operator'], longBody: true } }, (request, reply) =>
        store(request, reply, deps),
      )
  }
}

async function store(request: FastifyRequest, reply: FastifyReply, { intake, aeTitle }: Deps) {
  const { study } = request.params as Place
  if (study !== undefined) mustBeUid(study)
  const type = jsonType(request)
  const boundary = boundaryOf(request.headers['content-type'] ?? '', dicom)
  if (boundary === undefined) throw new TwiinError('MEDIA_TYPE_UNSUPPORTED')
  const association = {
    id: randomUUID(),
    ...{ callingAe: 'STOW-RS', calledAe: aeTitle, remoteAddress: request.ip },
  }
  const stored: StoredPart[] = []
  try {
    const reader = new MultipartReader(unlessIdle(request.body as AsyncIterable<Buffer>), boundary)
    for await (const { headers, body } of reader.parts()) {
      const isDicom = headers.get('content-type')?.toLowerCase().startsWith(dicom) === true
      const wanted = study === undefined ? {} : { studyInstanceUid: study }
      stored.push(
        isDicom
          ? await storePart(body, association, wanted, intake)
          : { status: dimseStatus.cannotUnderstand },
      )
    }
  } finally {
    // What was stored is, also when the rest makes no sense.
    await intake.putOnRecord(association, { user: request.person, protocol: 'STOW-RS' })
  }
  if (stored.length === 0) throw new TwiinError('MULTIPART_INVALID')
  const failures = stored.filter(({ status }) => status !== dimseStatus.success).length
  reply.code(failures === 0 ? 200 : failures === stored.length ? 409 : 202)
  return reply.type(type).send(JSON.stringify(toDicomJson(report(stored, study, baseUrl(request)))))
}

/** PS3.18 table 10.5.3-2 */
function report(stored: readonly StoredPart[], study: string | undefined, base: string): Attributes {
  const succeeded = stored.filter(({ status }) => status === dimseStatus.success)
  const failed = stored.filter(({ status }) => status !== dimseStatus.success)
  const reference = ({ meta }: StoredPart) => [
    attribute('00081150', meta?.sopClassUid),
    attribute('00081155', meta !== undefined && isUid(meta.sopInstanceUid) ? meta.sopInstanceUid : undefined),
  ]
  return new Map([
    ...(study === undefined ? [] : [attribute('00081190', `${base}/studies/${study}`)]),
    ...(failed.length === 0
      ? []
      : [
          attribute(
            '00081198',
            ...failed.map((one) => new Map([...reference(one), attribute('00081197', one.status)])),
          ),
        ]),
    ...(succeeded.length === 0
      ? []
      : [attribute('00081199', ...succeeded.map((one) => new Map(reference(one))))]),
  ])
}

async function* unlessIdle(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const reading = body[Symbol.asyncIterator]()
  try {
    for (;;) {
      const over = new AbortController()
      const idle = sleep(idleMs, 'idle' as const, { signal: over.signal }).catch(() => 'idle' as const)
      const next = await Promise.race([reading.next(), idle])
      over.abort()
      if (next === 'idle') throw new TwiinError('MULTIPART_INVALID', { reason: 'nothing comes any more' })
      if (next.done === true) return
      yield next.value
    }
  } finally {
    await reading.return?.()
  }
}
