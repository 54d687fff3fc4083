import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { codeOf } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { Association } from './association.ts'
import { RequestedAssociation } from './association-requestor.ts'
import { dimseError } from './dimse-error.ts'
import type { DimseProvider } from './dimse-provider.ts'
import { acceptorLimits, acceptorTimeouts, requestorTimeouts } from './limits.ts'
import type { RequestorTimeouts } from './limits.ts'
import { implementation } from './uids.ts'
import { decodeAssociateAccept, encodeAssociateRequest } from './upper-layer/associate-pdu.ts'
import type { AssociateAccept, ProposedContext } from './upper-layer/associate-pdu.ts'
import { abortPdu, decodeAbort, decodeReject, pduType } from './upper-layer/pdu.ts'
import { PduConnection } from './upper-layer/pdu-connection.ts'
import {
  acceptedContexts,
  maxContexts,
  proposeContexts,
  proposeRoles,
} from './upper-layer/presentation-context.ts'
import type { WantedContext } from './upper-layer/presentation-context.ts'
import { connectPlain, connectTls } from './upper-layer/tls.ts'
import type { ClientTls } from './upper-layer/tls.ts'
import type { UserInformation } from './upper-layer/user-information.ts'
import { Watchdog, monotonicClock } from './upper-layer/watchdog.ts'

export interface AssociationOptions {
  host: string
  port: number
  callingAe: string
  calledAe: string
  /** Each pair of SOP class and transfer syntax becomes a presentation context of its own; 128 at most. */
  contexts: readonly WantedContext[]
  maxPduLength?: number
  /** Absent: a plain connection. */
  tls?: ClientTls
  /** C-STOREs that may overlap, if the peer grants it (asynchronous operations window); default 1, and then not asked for. */
  window?: number
  /** Who is acting (PS3.7 D.3.3.7). Without TLS it goes over the wire as it is. */
  user?: { name: string; passcode?: string }
  timeouts?: Partial<RequestorTimeouts>
  /** Ends the attempt to connect, not the association. */
  signal?: AbortSignal
}

export interface AssociationDeps {
  log: Logger
  /** Takes results that come on the association on which `requestCommitment` asked. */
  committed?: DimseProvider['committed']
  /** Only differences are used; the default is monotonic. */
  clock?: Clock
}

/**
 * Connects and negotiates. Throws CONNECTION_FAILED, ASSOCIATION_REJECTED, ASSOCIATION_ABORTED, ASSOCIATION_LOST,
 * DIMSE_TIMEOUT, TOO_MANY_CONTEXTS, or a PDU_… code when the peer breaks the rules.
 */
export async function openAssociation(
  options: AssociationOptions,
  deps: AssociationDeps,
): Promise<Association> {
  const proposed = proposeContexts(options.contexts)
  if (proposed.length > maxContexts) throw dimseError('TOO_MANY_CONTEXTS', { contexts: proposed.length })
  const timeouts = { ...requestorTimeouts, ...options.timeouts }
  const clock = deps.clock ?? monotonicClock
  const { socket, ready } =
    options.tls === undefined ? connectPlain(options) : connectTls(options, options.tls)
  const connection = new PduConnection(
    {
      maxPduLength: options.maxPduLength ?? acceptorLimits.maxPduLength,
      maxAssociatePduLength: acceptorLimits.maxAssociatePduLength,
      pduMs: timeouts.progressMs,
      writeMs: timeouts.progressMs,
      closeMs: acceptorTimeouts.closeMs,
    },
    { socket, clock },
  )
  const abort = (why: Error) => connection.abort(abortPdu(0, 0), why)
  const onSignal = () => abort(dimseError('ASSOCIATION_ABORTED', { by: 'us' }, options.signal?.reason))
  const watchdog = new Watchdog({
    clock,
    onExpired: (waitingFor) => abort(dimseError('DIMSE_TIMEOUT', { waitingFor })),
  })
  try {
    watchdog.arm('the answer to A-ASSOCIATE-RQ', timeouts.connectMs)
    options.signal?.addEventListener('abort', onSignal, { once: true })
    if (options.signal?.aborted === true) onSignal()
    await connected(socket, ready, connection)
    const accept = await negotiate(options, proposed, connection)
    const contexts = acceptedContexts(proposed, accept)
    const window = windowOf(options, accept)
    deps.log.info('dimse.association.opened', {
      calledAe: options.calledAe,
      contexts: contexts.size,
      proposed: proposed.length,
      window,
    })
    const { callingAe, calledAe } = options
    const association = { id: randomUUID(), callingAe, calledAe, remoteAddress: socket.remoteAddress ?? '' }
    return new RequestedAssociation(
      { association, contexts, peerMaxPduLength: accept.user.maxPduLength, window, timeouts },
      { connection, clock, log: deps.log, committed: deps.committed },
    )
  } catch (error) {
    connection.abort(abortPdu(0, 0), error as Error)
    throw error
  } finally {
    watchdog.close()
    options.signal?.removeEventListener('abort', onSignal)
  }
}

/** `ready`: the event that says so. */
async function connected(socket: Socket, ready: string, connection: PduConnection): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.once(ready, resolve)
  socket.once('error', (error) => reject(dimseError('CONNECTION_FAILED', { cause: codeOf(error) }, error)))
  socket.once('close', () => reject(connection.failure ?? dimseError('CONNECTION_FAILED')))
  await promise
}

async function negotiate(
  options: AssociationOptions,
  contexts: ProposedContext[],
  connection: PduConnection,
): Promise<AssociateAccept> {
  const { calledAe, callingAe } = options
  await connection.write(encodeAssociateRequest({ calledAe, callingAe, contexts, user: userOf(options) }))
  const answers = [pduType.associateAccept, pduType.associateReject, pduType.abort]
  const { type, body } = await connection.read(answers, { for: 'A-ASSOCIATE-AC' })
  if (type === pduType.associateReject) throw dimseError('ASSOCIATION_REJECTED', { ...decodeReject(body) })
  if (type === pduType.abort) throw dimseError('ASSOCIATION_ABORTED', { by: 'peer', ...decodeAbort(body) })
  return decodeAssociateAccept(body)
}

function userOf({ maxPduLength, contexts, window = 1, user }: AssociationOptions): UserInformation {
  const roles = proposeRoles(contexts)
  return {
    maxPduLength: maxPduLength ?? acceptorLimits.maxPduLength,
    implementationClassUid: implementation.classUid,
    implementationVersion: implementation.versionName,
    ...(window > 1 && { operations: { invoked: window, performed: 1 } }),
    ...(roles.length > 0 && { roles }),
    ...(user !== undefined && {
      identity: {
        type: user.passcode === undefined ? 1 : 2,
        wantsAnswer: false,
        primary: Buffer.from(user.name),
        secondary: Buffer.from(user.passcode ?? ''),
      },
    }),
  }
}

/** What we asked for, as far as granted; a peer that says nothing grants nothing (PS3.7 D.3.3.3). */
function windowOf({ window = 1 }: AssociationOptions, { user }: AssociateAccept): number {
  const granted = user.operations?.invoked ?? 1
  return window <= 1 ? 1 : Math.min(window, granted === 0 ? window : granted)
}
