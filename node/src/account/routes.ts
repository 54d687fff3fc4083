import { auditEvents } from '@twiin/audit'
import type { AuditEntry, AuditLog } from '@twiin/audit'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import type { AnchorWitness } from '../anchor/anchor-witness.ts'
import type { KeptHeads } from '../anchor/kept-heads.ts'
import type { Difference, Reconciling } from '../dealings/reconciling.ts'
import type { Account } from './account.ts'
import { When, rangeOf } from './audit-range.ts'
import type { ChainCheck } from './chain-check.ts'

/** Entries that one call looks at when few of them are wanted; the next call goes on from there. */
const mostScanned = 100_000

const Question = Type.Object(
  {
    from: Type.Optional(When),
    to: Type.Optional(When),
    after: Type.Optional(Type.Integer({ minimum: 0 })),
    limit: Type.Integer({ minimum: 1, maximum: 1000, default: 200 }),
    event: Type.Optional(Type.Enum([...auditEvents])),
    outcome: Type.Optional(Type.Enum(['success', 'refused', 'failed'])),
    user: Type.Optional(Type.String({ maxLength: 128, description: 'part of the name or log-in name' })),
    peer: Type.Optional(Type.String({ pattern: '^\\d{8}$', description: 'URA number' })),
    emergency: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
)
type Question = Static<typeof Question>

const HeadsQuestion = Type.Object(
  { keeper: Type.Optional(Type.String({ pattern: '^[0-9A-Za-z]{1,128}$', description: 'peer ID' })) },
  { additionalProperties: false },
)

const DifferencesQuestion = Type.Object(
  {
    after: Type.Optional(Type.String({ pattern: '^[0-9a-z.-]{1,60}$' })),
    limit: Type.Integer({ minimum: 1, maximum: 1000, default: 200 }),
  },
  { additionalProperties: false },
)

interface Deps {
  log: AuditLog
  account: Account
  chain: ChainCheck
  kept: KeptHeads
  anchorWitness: AnchorWitness
  reconciling: Reconciling
}

/** The audit log, for an auditor. Reading it is itself on record. */
export function auditRoutes(deps: Deps): FastifyPluginAsyncTypebox {
  const { log, account, chain, kept, anchorWitness, reconciling } = deps
  const config = { roles: ['auditor'] as const }
  return async (app) => {
    // The first, full look is under way before anybody asks.
    app.addHook('onReady', () => void chain.check().catch(() => {}))
    app.get(
      '/audit-events',
      { config: { roles: [...config.roles] }, schema: { querystring: Question } },
      async (request) => {
        const { after, limit } = request.query
        const range = { ...rangeOf(request.query), ...(after === undefined ? {} : { after }) }
        await account.record({ event: 'log-read', outcome: 'success', user: request.person })
        const events = []
        let looked = 0
        let next: number | undefined
        for await (const { seq, hash, entry } of log.entries(range)) {
          if (fits(entry, request.query))
            events.push({ seq, hash, ...entry, at: new Date(entry.at).toISOString() })
          if (events.length >= limit || ++looked >= mostScanned) {
            next = seq
            break
          }
        }
        return { events, ...(next === undefined ? {} : { next }), chain: await chain.check() }
      },
    )
    app.get(
      '/audit-heads',
      { config: { roles: [...config.roles] }, schema: { querystring: HeadsQuestion } },
      async ({ query }) => ({
        chain: await chain.check(),
        head: (await log.head()) ?? null,
        own: await kept.list(),
        held: await anchorWitness.list(query.keeper),
      }),
    )
    app.get(
      '/account-differences',
      { config: { roles: [...config.roles] }, schema: { querystring: DifferencesQuestion } },
      async ({ query }) => {
        const { differences, ...more } = await reconciling.list(query)
        return { differences: differences.map(describe), ...more }
      },
    )
  }
}

function fits(entry: AuditEntry, { event, outcome, user, peer, emergency }: Question): boolean {
  const who = `${entry.user?.id ?? ''} ${entry.user?.name ?? ''}`.toLowerCase()
  return (
    (event === undefined || entry.event === event) &&
    (outcome === undefined || entry.outcome === outcome) &&
    (user === undefined || who.includes(user.toLowerCase())) &&
    (peer === undefined || entry.peer?.ura === peer) &&
    (emergency === undefined || entry.emergency === emergency)
  )
}

function describe({ foundAt, settledAt, ...difference }: Difference) {
  return {
    ...difference,
    foundAt: new Date(foundAt).toISOString(),
    ...(settledAt === undefined ? {} : { settledAt: new Date(settledAt).toISOString() }),
  }
}
