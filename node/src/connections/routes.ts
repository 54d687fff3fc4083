import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { TwiinError } from '@twiin/runtime'
import { Type } from 'typebox'
import type { Account } from '../account/account.ts'
import type { Connection } from './connections.ts'
import type { ProbeResult } from './probe-connection.ts'

const operator = { roles: ['operator' as const] }

interface Deps {
  connections: () => readonly Connection[]
  probe: (connection: Connection) => Promise<ProbeResult>
  account: Account
}

/** What the node is connected to, and whether it answers now (spec 10 §5). */
export function connectionRoutes({ connections, probe, account }: Deps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/connections', { config: operator }, () => ({
      connections: connections().map(({ authorizationFile: _, ...connection }) => connection),
    }))
    app.post(
      '/connection-tests',
      {
        // Each is a connection to somebody else: not a means to bother them.
        config: { ...operator, rateLimit: { max: 60, timeWindow: 60_000 } },
        schema: {
          description: 'One C-ECHO, QIDO-RS request or HL7 message; at most eight seconds.',
          body: Type.Object(
            {
              kind: Type.Enum(['dicom', 'dicomweb', 'hl7']),
              name: Type.String({ minLength: 1, maxLength: 200 }),
            },
            { additionalProperties: false },
          ),
        },
      },
      async ({ body, person }) => {
        const connection = connections().find(({ kind, name }) => kind === body.kind && name === body.name)
        if (connection === undefined) throw new TwiinError('NOT_FOUND')
        const result = await probe(connection)
        await account.record({
          ...{ event: 'self-test', user: person, protocol: `connection test: ${body.kind} ${body.name}` },
          outcome: result.ok ? 'success' : 'failed',
          ...(result.reason === undefined ? {} : { reason: result.reason }),
        })
        return { kind: body.kind, name: body.name, ...result }
      },
    )
  }
}
