import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Frame, FrameIndex } from '@twiin/dicom'
import { TwiinError } from '@twiin/runtime'
import type { InstanceRecord } from '@twiin/study-store'
import type { FastifyReply, FastifyRequest } from '@twiin/web'
import { choose } from './accept.ts'
import type { Offer } from './accept.ts'
import { frameBytes, frameSize } from './frame-bytes.ts'
import type { InstanceReader } from './instance-reader.ts'
import { frameSyntax, frameType, octets } from './media-types.ts'
import { multipart } from './multipart.ts'
import { sendPicture } from './rendered-routes.ts'
import type { RenderDeps } from './rendered-routes.ts'
import { acceptOf, baseUrl, streamOf, pictures } from './request-context.ts'
import type { Place } from './request-context.ts'
import { instanceAt, pathOf } from './retrieve-routes.ts'
import { sendSingle } from './single-body.ts'
import type { ViewableStudies } from './viewable-studies.ts'

interface Deps {
  studies: ViewableStudies
  reader: InstanceReader
  renderer: RenderDeps['renderer']
}

/** One request names no more. */
const mostFrames = 1000

/** Frames as they are stored (PS3.18 §10.4.1.1.6, spec 14 §5). */
export function frameRoutes(deps: Deps): FastifyPluginAsyncTypebox {
  return async (app) => {
    // A wildcard: a list may be longer than a parameter of a path can be.
    app.get(
      '/studies/:study/series/:series/instances/:instance/frames/*',
      { config: pictures },
      (request, reply) => sendFrames(request, reply, deps),
    )
  }
}

async function sendFrames(request: FastifyRequest, reply: FastifyReply, deps: Deps) {
  const { studies, reader } = deps
  const [list = '', kind, ...more] = ((request.params as Place)['*'] ?? '').split('/')
  const numbers = frameNumbers(list)
  const instance = await instanceAt(request, reply, studies)
  const [first] = numbers
  if (kind === 'rendered' || kind === 'thumbnail') {
    if (numbers.length > 1 || first === undefined || more.length > 0) throw new TwiinError('FRAME_UNKNOWN')
    return sendPicture(request, reply, instance, { frame: first, kind }, deps)
  }
  if (kind !== undefined) throw new TwiinError('NOT_FOUND')
  const index = await reader.frames(instance)
  // All of them are there before any is answered.
  const frames: Frame[] = []
  for (const number of numbers) frames.push(await index.frame(number))
  const offer = choose(acceptOf(request), frameOffers(instance, frames.length))
  if (offer === undefined) throw new TwiinError('NOT_ACCEPTABLE')
  const contentType = `${offer.type}; transfer-syntax=${offer.transferSyntax ?? ''}`
  const [only] = frames
  if (offer.shape === 'single' && only !== undefined)
    return sendSingle(request, reply, {
      contentType,
      size: frameSize(only, index.image),
      etag: `${instance.blob}-${numbers[0]}`,
      read: (range) => within(frameBytes(only, index.image, instance, reader), range),
    })
  const { contentType: whole, write } = multipart(offer.type)
  const location = `${baseUrl(request)}${pathOf((request.params as Place).study ?? '', instance)}/frames/`
  const parts = partsOf(frames, numbers, { contentType, location }, { index, instance, reader })
  return reply
    .type(whole)
    .header('vary', 'Accept')
    .send(streamOf(write(parts)))
}

async function* partsOf(
  frames: readonly Frame[],
  numbers: readonly number[],
  { contentType, location }: { contentType: string; location: string },
  { index, instance, reader }: { index: FrameIndex; instance: InstanceRecord; reader: InstanceReader },
) {
  for (const [i, frame] of frames.entries())
    yield {
      headers: { 'Content-Type': contentType, 'Content-Location': `${location}${numbers[i]}` },
      body: frameBytes(frame, index.image, instance, reader),
    }
}

/** `1,2,5`. Throws `FRAME_UNKNOWN` for what is no list of frame numbers, `VALIDATION` for one that is too long. */
function frameNumbers(list: string): number[] {
  if (!/^[1-9]\d{0,9}(,[1-9]\d{0,9})*$/.test(list)) throw new TwiinError('FRAME_UNKNOWN')
  const numbers = list.split(',').map(Number)
  if (numbers.length > mostFrames) throw new TwiinError('VALIDATION')
  return numbers
}

function frameOffers({ transferSyntaxUid }: InstanceRecord, count: number): Offer[] {
  const type = frameType(transferSyntaxUid)
  const transferSyntax = frameSyntax(transferSyntaxUid)
  const shapes = count === 1 ? (['multipart', 'single'] as const) : (['multipart'] as const)
  const asStored = shapes.map((shape) => ({ type, shape, transferSyntax }))
  if (type === octets) return asStored
  return [
    ...asStored,
    ...shapes.map((shape) => ({ type: octets, shape, transferSyntax, onlyByName: true as const })),
  ]
}

async function* within(
  bytes: AsyncIterable<Uint8Array>,
  { offset, length }: { offset: number; length: number },
): AsyncGenerator<Uint8Array> {
  let [skip, left] = [offset, length]
  for await (const piece of bytes) {
    const wanted = piece.subarray(skip, skip + left)
    skip -= Math.min(skip, piece.length)
    left -= wanted.length
    if (wanted.length > 0) yield wanted
    if (left === 0) return
  }
}
