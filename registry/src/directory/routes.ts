import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Clock } from '@twiin/runtime'
import { Addresses } from '@twiin/protocol'
import { Type } from 'typebox'
import type { KnownKey, Register } from '../ledger/register.ts'
import { Organisation, organisations } from './organisations.ts'

const Instant = Type.String({ description: 'ISO 8601' })
/** For the registry's own people. */
const Known = Type.Object({
  ...Organisation.properties,
  peerId: Type.String(),
  /** Newest certificate. */
  serial: Type.String(),
  certificates: Type.Integer({ description: 'Ever issued for this key.' }),
  quota: Type.Integer({ description: 'Tokens a day, as it is in force.' }),
  quotaIsOwn: Type.Boolean({ description: 'Set by two people for this organisation.' }),
  declaredPatients: Type.Integer(),
  announcedAt: Type.Optional(Instant),
  selfTest: Type.Optional(Type.Object({ run: Type.String(), passed: Type.Boolean(), at: Instant })),
})
const Node = Type.Object({
  ura: Type.String(),
  name: Type.String(),
  peerId: Type.String(),
  state: Organisation.properties.state,
  addresses: Addresses,
  announcedAt: Type.Optional(Instant),
  certificateEnds: Instant,
  isWitness: Type.Boolean(),
  lastCosigned: Type.Optional(Instant),
  lastReport: Type.Optional(Instant),
})

export interface DirectoryDeps {
  readonly register: Register
  readonly quotas: { of(ura: string): number }
  readonly clock: Clock
  /** What the registry hears of a node besides the ledger: times in milliseconds since the Unix epoch. */
  readonly heardOf?: (peerId: string) => {
    readonly lastCosigned?: number
    readonly lastReport?: number
  }
  /** Peers that are connected with the registry now. */
  readonly connected?: () => number
}

/** spec 06 §4: who is a member, for everybody and for the registry's people. */
export function directoryRoutes(deps: DirectoryDeps): FastifyPluginAsyncTypebox {
  const { register, quotas, clock } = deps
  const staff = { staffOnly: true } as const
  const members = () => organisations(register, clock.now())
  return async (app) => {
    app.get(
      '/directory',
      {
        config: { open: true },
        schema: { response: { 200: Type.Object({ organisations: Type.Array(Organisation) }) } },
      },
      () => ({ organisations: members().map(({ organisation }) => organisation) }),
    )
    app.get('/organisations', { config: staff, schema: { response: { 200: Type.Array(Known) } } }, () =>
      members().map(({ organisation, key }) => ({
        ...organisation,
        ...aboutKey(key),
        quota: quotas.of(key.ura),
        quotaIsOwn: register.quotas.has(key.ura),
      })),
    )
    app.get(
      '/network',
      {
        config: staff,
        schema: {
          response: {
            200: Type.Object({ nodes: Type.Array(Node), connected: Type.Optional(Type.Integer()) }),
          },
        },
      },
      () => ({
        nodes: members().map(({ organisation, key }) => nodeOf(organisation, key, deps)),
        ...(deps.connected && { connected: deps.connected() }),
      }),
    )
  }
}

function aboutKey({ peerId, serials, application, announced, selfTest }: KnownKey) {
  return {
    peerId,
    serial: serials.at(-1) ?? '',
    certificates: serials.length,
    declaredPatients: application?.declaredPatients ?? 0,
    ...(announced && { announcedAt: instant(announced.at) }),
    ...(selfTest && {
      selfTest: { run: selfTest.run, passed: selfTest.passed, at: instant(selfTest.at) },
    }),
  }
}

function nodeOf(organisation: Organisation, { peerId, announced }: KnownKey, deps: DirectoryDeps) {
  const { ura, name, state, endpoints: addresses } = organisation
  const { lastCosigned, lastReport } = deps.heardOf?.(peerId) ?? {}
  return {
    ...{ ura, name, peerId, state, addresses },
    ...(announced && { announcedAt: instant(announced.at) }),
    certificateEnds: instant(deps.register.newestCertificate(peerId)?.notAfter ?? 0),
    isWitness: deps.register.witnesses.includes(peerId),
    ...(lastCosigned !== undefined && { lastCosigned: instant(lastCosigned) }),
    ...(lastReport !== undefined && { lastReport: instant(lastReport) }),
  }
}

function instant(at: number): string {
  return new Date(at).toISOString()
}
