import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { part10Header } from '@twiin/dicom'
import { TwiinError } from '@twiin/runtime'
import type { InstanceRecord } from '@twiin/study-store'
import type { FastifyReply, FastifyRequest } from '@twiin/web'
import type { Holdings } from '../holdings/holdings.ts'
import { choose } from './accept.ts'
import type { MediaRange } from './accept.ts'
import type { OpenStudy } from './local-study.ts'
import { multipart } from './multipart.ts'
import type { Part } from './multipart.ts'
import {
  acceptOf,
  baseUrl,
  mustBeUid,
  primed,
  streamOf,
  studyAt,
  viewers,
  whileConnected,
} from './request-context.ts'
import type { Place } from './request-context.ts'
import { sendSingle } from './single-body.ts'
import type { ViewableStudies } from './viewable-studies.ts'

interface Deps {
  studies: ViewableStudies
  holdings: Holdings
}

const dicom = 'application/dicom'

/** WADO-RS: instances as they are stored (PS3.18 §10.4.1.1, spec 14 §4). */
export function retrieveRoutes(deps: Deps): FastifyPluginAsyncTypebox {
  return async (app) => {
    for (const path of ['/studies/:study', '/studies/:study/series/:series'])
      app.get(path, { config: viewers }, (request, reply) => sendMany(request, reply, deps))
    app.get('/studies/:study/series/:series/instances/:instance', { config: viewers }, (request, reply) =>
      sendOne(request, reply, deps),
    )
  }
}

async function sendMany(request: FastifyRequest, reply: FastifyReply, { studies, holdings }: Deps) {
  const study = await studyAt(request, studies)
  const signal = whileConnected(reply)
  const { series } = request.params as Place
  await mustTakeAll(acceptOf(request), study, series, signal)
  const instances = await primed(ofSeries(study.instances(signal), series))
  const { contentType, write } = multipart(dicom)
  const base = baseUrl(request)
  const parts = async function* () {
    for await (const instance of instances)
      yield partOf(instance, `${base}${pathOf((request.params as Place).study ?? '', instance)}`, holdings)
  }
  return reply
    .type(contentType)
    .header('vary', 'Accept')
    .send(streamOf(write(parts())))
}

/**
 * Throws `NOT_ACCEPTABLE` unless every instance can be given as asked: half a study taken for a whole one is worse than
 * none (spec 14 §4). Who names transfer syntaxes waits until all of it is here, for only then is that known.
 */
async function mustTakeAll(
  ranges: readonly MediaRange[] | undefined,
  study: OpenStudy,
  series: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const takes = (transferSyntax: string) =>
    choose(ranges, [{ type: dicom, shape: 'multipart', transferSyntax }]) !== undefined
  if (takes('*')) return
  if (choose(ranges, [{ type: dicom, shape: 'multipart' }]) === undefined)
    throw new TwiinError('NOT_ACCEPTABLE')
  await study.whole(signal)
  for await (const { transferSyntaxUid } of ofSeries(study.instances(signal), series))
    if (!takes(transferSyntaxUid)) throw new TwiinError('NOT_ACCEPTABLE')
}

async function sendOne(request: FastifyRequest, reply: FastifyReply, deps: Deps) {
  const instance = await instanceAt(request, reply, deps.studies)
  const { transferSyntaxUid } = instance
  const offer = choose(acceptOf(request), [
    { type: dicom, shape: 'single', transferSyntax: transferSyntaxUid },
    { type: dicom, shape: 'multipart', transferSyntax: transferSyntaxUid },
  ])
  if (offer === undefined) throw new TwiinError('NOT_ACCEPTABLE')
  if (offer.shape === 'multipart') {
    const { contentType, write } = multipart(dicom)
    const location = `${baseUrl(request)}${pathOf((request.params as Place).study ?? '', instance)}`
    const part = async function* () {
      yield partOf(instance, location, deps.holdings)
    }
    return reply
      .type(contentType)
      .header('vary', 'Accept')
      .send(streamOf(write(part())))
  }
  const head = part10Header(instance)
  reply.header('content-disposition', 'attachment')
  return sendSingle(request, reply, {
    contentType: `${dicom}; transfer-syntax=${transferSyntaxUid}`,
    size: head.length + instance.size,
    etag: instance.blob,
    read: (range) => readFile(head, instance, range, deps.holdings),
  })
}

/** The instance a path names, of the series it names, as soon as it is here. Throws `NOT_FOUND`. */
export async function instanceAt(
  request: FastifyRequest,
  reply: FastifyReply,
  studies: ViewableStudies,
): Promise<InstanceRecord> {
  const { series, instance: uid = '' } = request.params as Place
  mustBeUid(uid)
  const study = await studyAt(request, studies)
  const instance = await study.instance(uid, whileConnected(reply))
  if (series !== undefined && instance.seriesInstanceUid !== series) throw new TwiinError('NOT_FOUND')
  return instance
}

export async function* ofSeries(
  instances: AsyncIterable<InstanceRecord>,
  series: string | undefined,
): AsyncGenerator<InstanceRecord> {
  for await (const instance of instances)
    if (series === undefined || instance.seriesInstanceUid === series) yield instance
}

export const pathOf = (study: string, { seriesInstanceUid, sopInstanceUid }: InstanceRecord) =>
  `/studies/${study}/series/${seriesInstanceUid}/instances/${sopInstanceUid}`

function partOf(instance: InstanceRecord, location: string, holdings: Holdings): Part {
  const head = part10Header(instance)
  return {
    headers: {
      'Content-Type': `${dicom}; transfer-syntax=${instance.transferSyntaxUid}`,
      'Content-Location': location,
    },
    body: readFile(head, instance, { offset: 0, length: head.length + instance.size }, holdings),
  }
}

/** Bytes of the file that the header and the stored data set make together. */
async function* readFile(
  head: Buffer,
  instance: InstanceRecord,
  { offset, length }: { offset: number; length: number },
  holdings: Holdings,
): AsyncGenerator<Uint8Array> {
  const ofHead = head.subarray(offset, offset + length)
  if (ofHead.length > 0) yield ofHead
  const left = length - ofHead.length
  if (left > 0)
    yield* holdings.readDataSet(instance, { offset: Math.max(0, offset - head.length), length: left })
}
