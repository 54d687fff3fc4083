import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { codeOf } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import { decodeAssociateAccept, encodeAssociateRequest } from './associate-pdu.ts'
import type { AssociateAccept, ProposedContext } from './associate-pdu.ts'
import type { Association } from './association.ts'
import { RequestedAssociation } from './association-requestor.ts'
import { dimseError } from './dimse-error.ts'
import type { DimseProvider } from './dimse-provider.ts'
import { acceptorLimits, acceptorTimeouts, requestorTimeouts } from './limits.ts'
import type { RequestorTimeouts } from './limits.ts'
import { abortPdu, decodeAbort, decodeReject, pduType } from './pdu.ts'
import { PduConnection } from './pdu-connection.ts'
import { contextKey, maxContexts, proposeContexts } from './presentation-context.ts'
import { implementation } from './uids.ts'
import { Watchdog, monotonicClock } from './watchdog.ts'

export interface AssociationOptions {
  host: string
  port: number
  callingAe: string
  calledAe: string
  /** Each pair of SOP class and transfer syntax becomes a presentation context of its own; 128 at most. */
  contexts: WantedContext[]
  maxPduLength?: number
  timeouts?: Partial<RequestorTimeouts>
  /** Ends the attempt to connect, not the association. */
  signal?: AbortSignal
}

export interface WantedContext {
  abstractSyntax: string
  transferSyntaxes: readonly string[]
  /** What we are for this class (PS3.7 D.3.3.4); default `scu`. `scp` to receive: storage for a `get`, commitment to report. */
  role?: 'scu' | 'scp'
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
  const socket = connect({ host: options.host, port: options.port, allowHalfOpen: true })
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
    await connected(socket, connection)
    const accept = await negotiate(options, proposed, connection)
    const contexts = acceptedContexts(proposed, accept)
    deps.log.info('dimse.association.opened', {
      calledAe: options.calledAe,
      contexts: contexts.size,
      proposed: proposed.length,
    })
    return new RequestedAssociation(
      { contexts, peerMaxPduLength: accept.user.maxPduLength, timeouts },
      { connection, clock, log: deps.log },
    )
  } catch (error) {
    connection.abort(abortPdu(0, 0), error as Error)
    throw error
  } finally {
    watchdog.close()
    options.signal?.removeEventListener('abort', onSignal)
  }
}

async function connected(socket: Socket, connection: PduConnection): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.once('connect', resolve)
  socket.once('error', (error) => reject(dimseError('CONNECTION_FAILED', { cause: codeOf(error) }, error)))
  socket.once('close', () => reject(connection.failure ?? dimseError('CONNECTION_FAILED')))
  await promise
}

async function negotiate(
  options: AssociationOptions,
  contexts: ProposedContext[],
  connection: PduConnection,
): Promise<AssociateAccept> {
  const user = {
    maxPduLength: options.maxPduLength ?? acceptorLimits.maxPduLength,
    implementationClassUid: implementation.classUid,
    implementationVersion: implementation.versionName,
  }
  const { calledAe, callingAe } = options
  await connection.write(encodeAssociateRequest({ calledAe, callingAe, contexts, user }))
  const answers = [pduType.associateAccept, pduType.associateReject, pduType.abort]
  const { type, body } = await connection.read(answers, { for: 'A-ASSOCIATE-AC' })
  if (type === pduType.associateReject) throw dimseError('ASSOCIATION_REJECTED', { ...decodeReject(body) })
  if (type === pduType.abort) throw dimseError('ASSOCIATION_ABORTED', { by: 'peer', ...decodeAbort(body) })
  return decodeAssociateAccept(body)
}

/** Context ids by what they carry. An answer in another syntax than the one proposed is no acceptance. */
function acceptedContexts(proposed: ProposedContext[], accept: AssociateAccept): Map<string, number> {
  const contexts = new Map<string, number>()
  for (const { id, abstractSyntax, transferSyntaxes } of proposed) {
    const answer = accept.contexts.find((context) => context.id === id)
    if (answer?.result !== 0 || answer.transferSyntax !== transferSyntaxes[0]) continue
    contexts.set(contextKey(abstractSyntax, answer.transferSyntax), id)
  }
  return contexts
}
