import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { instanceJson } from '@twiin/dicom'
import { TwiinError } from '@twiin/runtime'
import type { InstanceRecord } from '@twiin/study-store'
import type { FastifyReply, FastifyRequest } from '@twiin/web'
import { choose } from './accept.ts'
import type { InstanceReader } from './instance-reader.ts'
import { acceptOf, baseUrl, primed, streamOf, studyAt, viewers, whileConnected } from './request-context.ts'
import type { Place } from './request-context.ts'
import { instanceAt, ofSeries, pathOf } from './retrieve-routes.ts'
import type { ViewableStudies } from './viewable-studies.ts'

interface Deps {
  studies: ViewableStudies
  reader: InstanceReader
}

const jsonOffers = [
  { type: 'application/dicom+json', shape: 'single' as const },
  { type: 'application/json', shape: 'single' as const },
]

/** Which JSON the client takes. Throws `NOT_ACCEPTABLE`. */
export function jsonType(request: FastifyRequest): string {
  const offer = choose(acceptOf(request), jsonOffers)
  if (offer === undefined) throw new TwiinError('NOT_ACCEPTABLE')
  return offer.type
}

/** Metadata: whole data sets without their large values (PS3.18 §10.4.1.1.2). One instance in memory at a time. */
export function metadataRoutes(deps: Deps): FastifyPluginAsyncTypebox {
  return async (app) => {
    for (const path of ['/studies/:study/metadata', '/studies/:study/series/:series/metadata'])
      app.get(path, { config: viewers }, async (request, reply) => {
        const study = await studyAt(request, deps.studies)
        const { series } = request.params as Place
        return sendJson(request, reply, ofSeries(study.instances(whileConnected(reply)), series), deps)
      })
    app.get(
      '/studies/:study/series/:series/instances/:instance/metadata',
      { config: viewers },
      async (request, reply) => {
        const instance = await instanceAt(request, reply, deps.studies)
        const only = async function* () {
          yield instance
        }
        return sendJson(request, reply, only(), deps)
      },
    )
  }
}

async function sendJson(
  request: FastifyRequest,
  reply: FastifyReply,
  instances: AsyncIterable<InstanceRecord>,
  { reader }: Deps,
) {
  const type = jsonType(request)
  const { study = '' } = request.params as Place
  const base = baseUrl(request)
  const described = async function* () {
    for await (const instance of instances) {
      const { source, encoding } = await reader.open(instance)
      const at = `${base}${pathOf(study, instance)}/bulkdata/`
      const json = await instanceJson(source, encoding, { bulkDataUri: (path) => `${at}${path}` })
      yield JSON.stringify(withTransferSyntax(json, instance))
    }
  }
  const first = await primed(described())
  const list = async function* () {
    let separator = '['
    for await (const json of first) {
      yield Buffer.from(separator + json)
      separator = ','
    }
    yield Buffer.from(']')
  }
  return reply.type(type).header('vary', 'Accept').send(streamOf(list()))
}

/** How it is stored stands in no data set (group 2 is the file's); a viewer must say whether it lost something. */
function withTransferSyntax<T extends object>(json: T, { transferSyntaxUid }: InstanceRecord): T {
  const stored = ['00083002', { vr: 'UI', Value: [transferSyntaxUid] }] as const
  const entries = [...Object.entries(json).filter(([tag]) => tag !== stored[0]), stored]
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))) as T
}
