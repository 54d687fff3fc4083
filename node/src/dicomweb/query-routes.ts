import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { attribute, matches, textOf, toDicomJson } from '@twiin/dicom'
import type { Attributes } from '@twiin/dicom'
import { TwiinError } from '@twiin/runtime'
import type { FastifyReply, FastifyRequest } from '@twiin/web'
import type { DeskQuery, QueryLevel, QueryRun } from '../query/query.ts'
import { jsonType } from './metadata-routes.ts'
import { instanceAttributes, seriesAttributes, studyAttributes } from './record-attributes.ts'
import { qidoQuery } from './query-parameters.ts'
import type { QidoQuery } from './query-parameters.ts'
import { baseUrl, studyAt, viewers, whileConnected } from './request-context.ts'
import type { Place } from './request-context.ts'
import { ofSeries } from './retrieve-routes.ts'
import type { ViewableStudies } from './viewable-studies.ts'

interface Deps {
  studies: ViewableStudies
  desk: { find(query: DeskQuery): QueryRun }
}

interface Answer {
  attributes: Attributes
  /** Behind the base URL. */
  path: string
}

/** QIDO-RS (PS3.18 §10.6, spec 14 §6). */
export function queryRoutes(deps: Deps): FastifyPluginAsyncTypebox {
  return async (app) => {
    const levels = { '/studies': 'STUDY', '/series': 'SERIES', '/instances': 'IMAGE' } as const
    for (const [path, level] of Object.entries(levels))
      app.get(path, { config: viewers }, (request, reply) =>
        request.onlyStudy === undefined
          ? askDesk(request, reply, level, deps)
          : answer(request, reply, theStudy(request.onlyStudy, request, reply, deps)),
      )
    app.get('/studies/:study/series', { config: viewers }, (request, reply) =>
      answer(request, reply, seriesOf(request, reply, deps)),
    )
    for (const path of ['/studies/:study/instances', '/studies/:study/series/:series/instances'])
      app.get(path, { config: viewers }, (request, reply) =>
        answer(request, reply, instancesOf(request, reply, deps)),
      )
  }
}

/** Here and, when a patient is named, at other hospitals. */
async function askDesk(request: FastifyRequest, reply: FastifyReply, level: QueryLevel, { desk }: Deps) {
  const query = qidoQuery(request.query as Record<string, unknown>)
  const { searchId } = request.params as Place
  const { person } = request
  const run = desk.find({
    level,
    keys: query.keys,
    // Only who may search for a patient asks other hospitals.
    asker: { person, federated: person.role === 'radiologist', by: 'QIDO-RS' },
    ...(searchId === undefined ? {} : { searchId }),
    limit: query.offset + query.limit,
    signal: whileConnected(reply),
  })
  const found = async function* (): AsyncGenerator<Answer> {
    for await (const match of run) {
      const inSearch =
        match.searchId === undefined || searchId !== undefined ? '' : `/searches/${match.searchId}`
      yield { attributes: match.attributes, path: `${inSearch}${pathOf(match.attributes, level)}` }
    }
  }
  const warnings = () => [
    ...run.outcome.silent.map(({ ura, status }) => `Hospital ${ura} did not answer: ${status}.`),
    ...(run.outcome.truncated ? ['There are more results than one answer holds.'] : []),
  ]
  return answer(request, reply, found(), { query, warnings, isMatched: true })
}

function pathOf(attributes: Attributes, level: QueryLevel): string {
  const [study, series, instance] = ['0020000D', '0020000E', '00080018'].map((key) => textOf(attributes, key))
  if (level === 'STUDY') return `/studies/${study}`
  const ofSeries = `/studies/${study}/series/${series}`
  return level === 'SERIES' ? ofSeries : `${ofSeries}/instances/${instance}`
}

/** All that the ticket of a viewer lists. Nobody else is asked for anything. */
async function* theStudy(
  studyInstanceUid: string,
  { person }: FastifyRequest,
  reply: FastifyReply,
  { studies }: Deps,
): AsyncGenerator<Answer> {
  const study = await studies.open({ studyInstanceUid }, person)
  const attributes = studyAttributes(await study.whole(whileConnected(reply)))
  yield { attributes, path: pathOf(attributes, 'STUDY') }
}

async function* seriesOf(
  request: FastifyRequest,
  reply: FastifyReply,
  { studies }: Deps,
): AsyncGenerator<Answer> {
  const study = await studyAt(request, studies)
  const signal = whileConnected(reply)
  const ofStudy = studyAttributes(await study.whole(signal))
  for await (const series of study.series(signal)) {
    const attributes = new Map([...ofStudy, ...seriesAttributes(series)])
    yield { attributes, path: pathOf(attributes, 'SERIES') }
  }
}

async function* instancesOf(
  request: FastifyRequest,
  reply: FastifyReply,
  { studies }: Deps,
): AsyncGenerator<Answer> {
  const study = await studyAt(request, studies)
  const signal = whileConnected(reply)
  const ofStudy = studyAttributes(await study.whole(signal))
  for await (const instance of ofSeries(study.instances(signal), (request.params as Place).series)) {
    const attributes = new Map([...ofStudy, ...instanceAttributes(instance)])
    yield { attributes, path: pathOf(attributes, 'IMAGE') }
  }
}

/** One page of what matches, as DICOM JSON; what was not done stands in Warning headers (PS3.18 §8.3.4.6). */
async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  found: AsyncIterable<Answer>,
  from: { query: QidoQuery; warnings: () => string[]; isMatched?: true } = {
    query: qidoQuery(request.query as Record<string, unknown>),
    warnings: () => [],
  },
) {
  const { query, warnings, isMatched } = from
  const type = jsonType(request)
  if ((request.params as Place).series === '') throw new TwiinError('NOT_FOUND')
  const base = baseUrl(request)
  const page: unknown[] = []
  let seen = 0
  for await (const { attributes, path } of found) {
    // The desk has matched already, and knows a patient by more than one number.
    if (isMatched !== true && !matches(query.keys, attributes)) continue
    if (seen++ < query.offset) continue
    if (page.length === query.limit) break
    const [url, retrieveUrl] = attribute('00081190', `${base}${path}`)
    page.push(toDicomJson(new Map([...attributes, ['00080005', charset], [url, retrieveUrl]])))
  }
  const notDone = [
    ...(query.fuzzyAsked
      ? ['The fuzzymatching parameter is not supported. Only literal matching has been performed.']
      : []),
    ...(query.ignored.length > 0 ? ['Parameters that name no attribute were ignored.'] : []),
    ...warnings(),
  ]
  if (notDone.length > 0) reply.header('warning', notDone.map((text) => `299 twiin "${text}"`).join(', '))
  return reply.type(type).header('vary', 'Accept').send(JSON.stringify(page))
}

const charset = { vr: 'CS', value: ['ISO_IR 192'] }
