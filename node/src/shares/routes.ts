import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { TwiinError, isTwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import { Type } from 'typebox'
import type { ShareSettings } from '../config/share-settings.ts'
import { problems } from '../http/problems.ts'
import {
  GivenAnswer,
  NewCodeAnswer,
  OffersAnswer,
  PreviewAnswer,
  ShareAnswer,
  ShareListAnswer,
} from './answers.ts'
import type { CreateShare } from './create-share.ts'
import { describeGiven, describePreview, describeShare } from './describe-share.ts'
import type { MakeShares } from './make-shares.ts'
import { pageOfShares } from './share-book.ts'
import type { ShareBook } from './share-book.ts'
import type { ShareDesk } from './share-desk.ts'
import type { ShareRecord } from './share-record.ts'
import type { Tries } from './tries.ts'

const closed = { additionalProperties: false }
const staff = { roles: ['radiologist' as const, 'operator' as const] }
const Params = Type.Object({ id: Type.String({ maxLength: 64 }) })
const Phone = Type.String({ pattern: '^\\+?[0-9][0-9 ()-]{5,24}$' })
const Email = Type.String({
  maxLength: 254,
  pattern: '^[^\\s@<>"(),:;\\[\\]\\\\]{1,64}@[A-Za-z0-9.-]{1,189}$',
})
const SearchId = Type.String({ minLength: 1, maxLength: 64 })

const Body = Type.Object(
  {
    studyInstanceUids: Type.Array(Type.String({ pattern: '^[0-9.]{1,64}$' }), { minItems: 1, maxItems: 100 }),
    searchId: Type.Optional(SearchId),
    reports: Type.Optional(Type.Enum(['all', 'none'])),
    recipient: Type.Object(
      {
        kind: Type.Enum(['patient', 'professional']),
        name: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
        email: Type.Optional(Email),
      },
      closed,
    ),
    secondFactor: Type.Union([
      Type.Object({ kind: Type.Literal('sms'), phone: Phone }, closed),
      Type.Object({ kind: Type.Literal('letter') }, closed),
      Type.Object({ kind: Type.Literal('oidc') }, closed),
    ]),
    validDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 90 })),
    downloads: Type.Optional(Type.Boolean()),
    discussed: Type.Optional(Type.Boolean()),
    language: Type.Optional(Type.Enum(['nl', 'en'])),
  },
  closed,
)
const LetterBody = Type.Object(
  {
    url: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })),
    code: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  },
  closed,
)

/** As a letter is written: PDF. */
export interface ShareLetters {
  link(url: string, record: ShareRecord): Promise<Buffer>
  code(code: string, record: ShareRecord): Promise<Buffer>
}

export interface ShareRoutesDeps {
  settings: ShareSettings
  book: ShareBook
  tries: Tries
  creating: CreateShare
  maker: MakeShares
  desk: ShareDesk
  letters: ShareLetters
  clock: Pick<Clock, 'now'>
}

/** Shares for who has no node (spec 25 §6). Undefined where the settings know of none: then each call says so. */
export function shareRoutes(deps: ShareRoutesDeps | undefined): FastifyPluginAsyncTypebox {
  const configured = (): ShareRoutesDeps => {
    if (deps === undefined) throw new TwiinError('SHARE_NOT_CONFIGURED')
    return deps
  }
  const shown = async (record: ShareRecord, detail?: 'whole') => {
    const { tries, maker, clock } = configured()
    const counts = await tries.get(record.id)
    return describeShare(record, { counts, progress: maker.progressOf(record), now: clock.now() }, detail)
  }
  return async (app) => {
    // Before a body is judged: there is nothing that could be right.
    app.addHook('onRequest', async () => void configured())
    // Which one, so that somebody can be told.
    app.setErrorHandler((error, _request, reply) => {
      if (!isTwiinError(error, 'FACTOR_NOT_CONFIGURED')) throw error
      return problems.send(reply, error.code, String(error.facts['factor']))
    })
    app.post(
      '/shares',
      { config: staff, schema: { body: Body, response: { 201: GivenAnswer } } },
      async ({ body, person }, reply) => {
        const given = await configured().creating.create(body, person)
        return reply
          .code(201)
          .header('location', `/api/v1/shares/${given.record.id}`)
          .send(describeGiven(given))
      },
    )
    app.post(
      '/shares/preview',
      { config: staff, schema: { body: Body, response: { 200: PreviewAnswer } } },
      async ({ body, person }) => describePreview(await configured().creating.preview(body, person)),
    )
    app.get('/shares/offers', { config: staff, schema: { response: { 200: OffersAnswer } } }, () =>
      offersOf(configured().settings),
    )
    app.get(
      '/shares',
      {
        config: staff,
        schema: {
          description:
            'Newest first, 100 a page; the id of the last one is `before` of the next page, and stands as `next`.',
          querystring: Type.Object({ before: Type.Optional(Type.String({ pattern: '^[0-9a-f]{32}$' })) }),
          response: { 200: ShareListAnswer },
        },
      },
      async ({ query }) => {
        const records = await configured().book.list(query.before)
        const shares = await Promise.all(records.map((record) => shown(record)))
        const last = records.length === pageOfShares ? records.at(-1) : undefined
        return last === undefined ? { shares } : { shares, next: last.id }
      },
    )
    app.get(
      '/shares/:id',
      { config: staff, schema: { params: Params, response: { 200: ShareAnswer } } },
      async ({ params }) => shown(await configured().book.find(params.id), 'whole'),
    )
    app.post(
      '/shares/:id/letter',
      { config: staff, schema: { params: Params, body: LetterBody } },
      async ({ params, body: { url, code } }, reply) => {
        if ((url === undefined) === (code === undefined)) throw new TwiinError('LETTER_OF_ONE')
        const { desk, letters } = configured()
        const pdf =
          url === undefined
            ? await letters.code(code ?? '', await desk.forLetter(params.id, { code: code ?? '' }))
            : await letters.link(url, await desk.forLetter(params.id, { url }))
        return reply.type('application/pdf').header('cache-control', 'no-store').send(pdf)
      },
    )
    app.post(
      '/shares/:id/revocation',
      { config: staff, schema: { params: Params } },
      async ({ params, person }, reply) => {
        await configured().desk.revoke(params.id, person)
        return reply.code(204).send()
      },
    )
    app.post(
      '/shares/:id/code',
      {
        config: staff,
        schema: {
          params: Params,
          body: Type.Object({ phone: Type.Optional(Phone) }, closed),
          response: { 200: NewCodeAnswer },
        },
      },
      ({ params, body, person }) => configured().desk.newCode(params.id, body, person),
    )
    app.post(
      '/shares/:id/link',
      { config: staff, schema: { params: Params, response: { 201: GivenAnswer } } },
      async ({ params, person }, reply) =>
        reply.code(201).send(describeGiven(await configured().desk.newLink(params.id, person))),
    )
  }
}

/** What the page may offer. */
const offersOf = ({ mail, sms, oidc, validDays, reportDelayDays, helpPhone }: ShareSettings) => ({
  mail: mail !== undefined,
  factors: {
    ...{ sms: sms !== undefined, letter: true },
    oidc: oidc === undefined ? null : { label: oidc.label, simulator: oidc.simulator },
  },
  ...{ validDays, reportDelayDays, helpPhone },
})
