import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  giversAt,
  givers,
  mayPublish,
  organisationCategories,
  lastWords,
  recordsInForce,
} from '@twiin/consent'
import type { ConsentRecord, PatientAge } from '@twiin/consent'
import { parseBsn } from '@twiin/patient-token'
import type { Bsn } from '@twiin/patient-token'
import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import type { Account } from '../account/account.ts'
import type { OwnPatients } from '../holdings/own-patients.ts'
import type { Person } from '../people/people-file.ts'
import type { NetworkBundle } from '../trust/network-bundle.ts'
import type { ConsentBook } from './consent-book.ts'
import { previewChange, withRecord } from './preview-change.ts'
import { indexChoices } from './shieldings.ts'
import type { Shielding, Shieldings } from './shieldings.ts'

const closed = { additionalProperties: false }
const BsnText = Type.String({ maxLength: 20 })
const Scope = Type.Union([
  Type.Object({ kind: Type.Literal('all') }, closed),
  Type.Object({ kind: Type.Literal('category'), category: Type.Enum([...organisationCategories]) }, closed),
  Type.Object({ kind: Type.Literal('organisation'), ura: Type.String({ pattern: '^\\d{8}$' }) }, closed),
])
const Order = Type.Object(
  {
    bsn: BsnText,
    decision: Type.Enum(['permit', 'deny']),
    scope: Type.Optional(Scope),
    givenBy: Type.Optional(Type.Enum([...givers])),
    note: Type.Optional(Type.String({ maxLength: 200 })),
  },
  closed,
)
const Mark = Type.Object({ bsn: BsnText, index: Type.Enum([...indexChoices]) }, closed)
const Preview = Type.Union([
  Order,
  Type.Object(
    {
      bsn: BsnText,
      shielding: Type.Union([Type.Object({ index: Type.Enum([...indexChoices]) }, closed), Type.Null()]),
    },
    closed,
  ),
])

interface Deps {
  consents: ConsentBook
  shieldings: Shieldings
  patients: Pick<OwnPatients, 'find' | 'studiesOf'>
  bundle: NetworkBundle
  account: Account
  clock: Pick<Clock, 'now'>
  self: { ura: string }
}

/** Recording what a patient said, and looking it up (spec 10 §2). A BSN only ever in a body. */
export function consentRoutes(deps: Deps): FastifyPluginAsyncTypebox {
  const { consents, shieldings, account } = deps
  const operator = { roles: ['operator' as const] }
  const putMarkOnRecord = (bsn: Bsn, user: Person, consent: string) =>
    account.record({
      ...{ event: 'consent-recorded' as const, outcome: 'success' as const, user, consent },
      patient: { citizenNumber: bsn },
    })
  return async (app) => {
    app.put('/consents', { config: operator, schema: { body: Order } }, async (request) => {
      const { bsn, record } = recordIn(request.body, request.person.id)
      const allowed = giversAt(await ageOf(bsn, deps))
      if (
        record.decision === 'permit' &&
        allowed.length > 0 &&
        !allowed.includes(record.givenBy ?? 'patient')
      )
        throw new TwiinError('GIVER_NOT_ENTITLED')
      // On record first: a consent that nobody can account for must not take effect.
      await account.record({
        event: 'consent-recorded',
        outcome: 'success',
        user: request.person,
        patient: { citizenNumber: bsn },
        consent: `${record.decision} ${JSON.stringify(record.scope)} by ${record.givenBy ?? 'patient'}`,
      })
      return describe(await consents.record(bsn, record))
    })
    app.post(
      '/consents/lookups',
      { config: operator, schema: { body: Type.Object({ bsn: BsnText }, closed) } },
      async (request) => lookUp(parseBsn(request.body.bsn), deps),
    )
    app.post('/consents/previews', { config: operator, schema: { body: Preview } }, async (request) =>
      preview(request.body, request.person.id, deps),
    )
    app.put('/shieldings', { config: operator, schema: { body: Mark } }, async (request) => {
      const { index } = request.body
      const bsn = parseBsn(request.body.bsn)
      await putMarkOnRecord(bsn, request.person, `shielded, index ${index}`)
      return describeMark(await shieldings.mark(bsn, { index, by: request.person.id }))
    })
    app.post(
      '/shieldings/removals',
      { config: operator, schema: { body: Type.Object({ bsn: BsnText }, closed) } },
      async (request, reply) => {
        const bsn = parseBsn(request.body.bsn)
        await putMarkOnRecord(bsn, request.person, 'no longer shielded')
        await shieldings.remove(bsn)
        return reply.code(204).send()
      },
    )
  }
}

async function ageOf(bsn: Bsn, { patients, clock }: Deps): Promise<PatientAge> {
  return { birthDate: (await patients.find(bsn))?.birthDate ?? '', now: clock.now() }
}

async function lookUp(bsn: Bsn, deps: Deps) {
  const { consents, shieldings } = deps
  const [all, replaced, age, mark] = await Promise.all([
    consents.of(bsn),
    consents.historyOf(bsn),
    ageOf(bsn, deps),
    shieldings.of(bsn),
  ])
  // Of whom nothing is here it cannot be told who was entitled: what was said stands there, and waits.
  const records = age.birthDate === '' ? lastWords(all) : recordsInForce(all, age)
  const others = all.filter((record) => !records.includes(record))
  const history = [...others, ...replaced].sort((a, b) => b.recordedAt - a.recordedAt)
  return {
    records: records.map(describe),
    history: history.map(describe),
    publishable: mayPublish(all, age).decision === 'permit' && mark?.index !== 'hidden',
    ...(age.birthDate === '' ? {} : { birthDate: age.birthDate }),
    givers: giversAt(age),
    ...(mark === undefined ? {} : { shielding: describeMark(mark) }),
  }
}

async function preview(wanted: Static<typeof Preview>, by: string, deps: Deps) {
  const { consents, shieldings, patients, bundle, clock, self } = deps
  const bsn = parseBsn(wanted.bsn)
  const patient = await patients.find(bsn)
  const before = { records: await consents.of(bsn), shielding: (await shieldings.of(bsn))?.index }
  const after =
    'shielding' in wanted
      ? { ...before, shielding: wanted.shielding?.index }
      : {
          ...before,
          records: withRecord(before.records, {
            ...recordIn(wanted, by).record,
            source: 'local',
            recordedAt: clock.now(),
          }),
        }
  return previewChange(before, after, {
    age: { birthDate: patient?.birthDate ?? '', now: clock.now() },
    studies: (await patients.studiesOf(bsn)).length,
    conflict: patient?.conflict === true,
    members: bundle.current.members.filter(({ ura }) => ura !== self.ura),
  })
}

function recordIn(order: Static<typeof Order>, by: string) {
  const { decision, scope = { kind: 'all' as const }, givenBy, note } = order
  const record = {
    ...{ scope, decision, by },
    ...(givenBy === undefined ? {} : { givenBy }),
    ...(note === undefined || note.trim() === '' ? {} : { note: note.trim() }),
  }
  return { bsn: parseBsn(order.bsn), record }
}

const describe = ({ scope, decision, recordedAt, source, by, givenBy, note }: ConsentRecord) => ({
  ...{ scope, decision, source, by },
  ...(givenBy === undefined ? {} : { givenBy }),
  ...(note === undefined ? {} : { note }),
  recordedAt: new Date(recordedAt).toISOString(),
})

const describeMark = ({ index, since, by }: Shielding) => ({
  ...{ index, by },
  since: new Date(since).toISOString(),
})
