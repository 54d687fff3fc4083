import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { PictureRequest, Renderer } from '@twiin/pictures'
import { TwiinError, isTwiinError } from '@twiin/runtime'
import type { InstanceRecord } from '@twiin/study-store'
import type { FastifyReply, FastifyRequest } from '@twiin/web'
import { choose } from './accept.ts'
import { frameSize, wholeFrame } from './frame-bytes.ts'
import type { InstanceReader } from './instance-reader.ts'
import { frameSyntax } from './media-types.ts'
import { acceptOf, pictures, studyAt, whileConnected } from './request-context.ts'
import type { Place } from './request-context.ts'
import { instanceAt, ofSeries } from './retrieve-routes.ts'
import type { ViewableStudies } from './viewable-studies.ts'

export interface RenderDeps {
  studies: ViewableStudies
  reader: InstanceReader
  renderer: Pick<Renderer, 'render'>
}

const pictureOffers = [
  { type: 'image/jpeg' as const, shape: 'single' as const },
  { type: 'image/png' as const, shape: 'single' as const },
]
/** Instances that are looked at for one that shows something. */
const mostTried = 50
const thumbnail = { width: 128, height: 128 }

/** Pictures for people: rendered frames and thumbnails (PS3.18 §10.4.1.1.3, spec 14 §5). */
export function renderedRoutes(deps: RenderDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    const instance = '/studies/:study/series/:series/instances/:instance'
    for (const kind of ['rendered', 'thumbnail'] as const)
      app.get(`${instance}/${kind}`, { config: pictures }, async (request, reply) =>
        sendPicture(request, reply, await instanceAt(request, reply, deps.studies), { frame: 1, kind }, deps),
      )
    for (const path of ['/studies/:study/thumbnail', '/studies/:study/series/:series/thumbnail'])
      app.get(path, { config: pictures }, async (request, reply) => {
        const study = await studyAt(request, deps.studies)
        const instances = ofSeries(study.instances(whileConnected(reply)), (request.params as Place).series)
        const first = await firstImage(instances, deps.reader)
        return sendPicture(request, reply, first, { frame: 1, kind: 'thumbnail' }, deps)
      })
  }
}

async function firstImage(
  instances: AsyncIterable<InstanceRecord>,
  reader: InstanceReader,
): Promise<InstanceRecord> {
  let tried = 0
  for await (const instance of instances) {
    try {
      await reader.frames(instance)
      return instance
    } catch (error) {
      if (!isTwiinError(error, 'NO_IMAGE', 'DICOM_UNREADABLE') || ++tried === mostTried) throw error
    }
  }
  throw new TwiinError('NO_IMAGE')
}

export async function sendPicture(
  request: FastifyRequest,
  reply: FastifyReply,
  instance: InstanceRecord,
  of: { frame: number; kind: 'rendered' | 'thumbnail' },
  { reader, renderer }: RenderDeps,
) {
  const offer = choose(acceptOf(request), pictureOffers)
  if (offer === undefined) throw new TwiinError('NOT_ACCEPTABLE')
  const how = pictureParameters(request.query as Record<string, unknown>)
  const index = await reader.frames(instance)
  if (index.image.pixels.kind !== 'integer') throw new TwiinError('PICTURE_UNSUPPORTED')
  const frame = await index.frame(of.frame)
  const picture = await renderer.render({
    frameBytes: frameSize(frame, index.image),
    frame: () => wholeFrame(frame, index.image, instance, reader),
    transferSyntaxUid: frameSyntax(instance.transferSyntaxUid),
    description: index.image.description,
    type: offer.type,
    ...how,
    ...(of.kind === 'thumbnail' && how.viewport === undefined ? { viewport: thumbnail } : {}),
  })
  return reply.type(offer.type).header('vary', 'Accept').send(picture)
}

type PictureParameters = Pick<PictureRequest, 'quality' | 'window' | 'viewport'>

/** `viewport=512,512`, `window=40,400[,linear]`, `quality=90` (PS3.18 §8.3.5). Throws `VALIDATION`. */
function pictureParameters({ viewport, window, quality }: Record<string, unknown>): PictureParameters {
  const [width, height] = numbers(viewport, 2, 6)
  const [center, windowWidth] = numbers(window, 2, 3)
  const [stated = 90] = numbers(quality, 1, 1)
  const isOdd =
    (width !== undefined && !(width >= 1 && (height ?? 0) >= 1 && width <= 8192 && (height ?? 0) <= 8192)) ||
    (windowWidth !== undefined && !(windowWidth > 0)) ||
    !(stated >= 1 && stated <= 100)
  if (isOdd) throw new TwiinError('VALIDATION')
  return {
    quality: Math.round(stated),
    ...(width === undefined || height === undefined ? {} : { viewport: { width, height } }),
    ...(center === undefined || windowWidth === undefined ? {} : { window: { center, width: windowWidth } }),
  }
}

function numbers(value: unknown, least: number, most: number): number[] {
  if (value === undefined || value === '') return []
  const parts = typeof value === 'string' && value.length < 200 ? value.split(',') : []
  const found = parts.slice(0, least).map(Number)
  if (parts.length < least || parts.length > most || !found.every(Number.isFinite))
    throw new TwiinError('VALIDATION')
  return found
}
