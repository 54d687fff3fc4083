import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { TwiinError } from '@twiin/runtime'
import { Type } from 'typebox'
import type { Account } from '../account/account.ts'
import type { Person } from '../people/people-file.ts'
import type { ExceptionWorklist, Resolution, WorkItem } from './exception-worklist.ts'
import { maskBsn, maskLocalId } from './mask-bsn.ts'

const closed = { additionalProperties: false }

interface Deps {
  worklist: ExceptionWorklist
  account: Account
  /** Takes the held transfer up again. */
  goOn: (transferId: string) => Promise<void>
}

/** The exception worklist (spec 10 §2). */
export function exceptionRoutes(deps: Deps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/exceptions',
      {
        config: { roles: ['radiologist', 'operator'] },
        schema: {
          querystring: Type.Object(
            { limit: Type.Integer({ minimum: 1, maximum: 500, default: 100 }) },
            closed,
          ),
        },
      },
      async (request) => ({ exceptions: (await deps.worklist.list(request.query.limit)).map(describe) }),
    )
    app.post(
      '/exceptions/:id/resolution',
      {
        config: { roles: ['operator'] },
        schema: {
          params: Type.Object({ id: Type.String({ maxLength: 100 }) }),
          body: Type.Object({ decision: Type.Enum(['same-patient', 'other-patient', 'reject']) }, closed),
        },
      },
      async (request) => {
        const { worklist, account, goOn } = deps
        const { decision } = request.body
        const open = await worklist.get(request.params.id)
        if (open === undefined) throw new TwiinError('NOT_FOUND')
        // On record first: a decision that nobody can account for must not take effect.
        if (open.state === 'open') await putOnRecord(open, decision, request.person, account)
        const item = await worklist.resolve(open.id, decision, request.person.id)
        if (item.transferId !== undefined) await goOn(item.transferId)
        return describe(item)
      },
    )
  }
}

async function putOnRecord(
  item: WorkItem,
  decision: Resolution,
  user: Person,
  account: Account,
): Promise<void> {
  await account.record({
    event: 'exception-resolved',
    outcome: 'success',
    user,
    patient: {
      localId: item.local.localId,
      ...(item.incoming.bsn === undefined ? {} : { citizenNumber: item.incoming.bsn }),
    },
    objects: { studyInstanceUids: [item.study.studyInstanceUid] },
    protocol: `ADR 0004: ${decision}`,
    ...(item.transferId === undefined ? {} : { requestId: item.transferId }),
  })
}

function describe(item: WorkItem) {
  const { at, incoming, local, resolution, ...rest } = item
  return {
    ...rest,
    at: new Date(at).toISOString(),
    incoming: shown(incoming),
    local: shown(local),
    ...(resolution === undefined
      ? {}
      : { resolution: { ...resolution, at: new Date(resolution.at).toISOString() } }),
  }
}

const shown = <Side extends { localId: string; issuer: string; bsn?: string | undefined }>(side: Side) => ({
  ...side,
  localId: maskLocalId(side.localId, side.issuer),
  bsn: maskBsn(side.bsn),
})
