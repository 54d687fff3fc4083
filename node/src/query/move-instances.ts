import type { EgressOverlay } from '@twiin/dicom'
import { applyOverlay } from '@twiin/dicom'
import { dimseStatus, isStored, openAssociation } from '@twiin/dimse'
import type { Association, MoveOriginator } from '@twiin/dimse'
import { codeOf } from '@twiin/runtime'
import type { Logger } from '@twiin/runtime'
import type { InstanceRecord } from '@twiin/study-store'
import { DeliveryRound, contextOf } from '../deliver/delivery-round.ts'
import type { Holdings } from '../holdings/holdings.ts'
import type { MoveDestination } from './application-entities.ts'

/** What became of one instance. */
export interface Moved {
  sopInstanceUid: string
  outcome: 'completed' | 'warning' | 'failed'
}

interface Deps {
  studies: Holdings
  log: Logger
}

/**
 * Sends instances to a destination by C-STORE, each once; an instance on which the association breaks is tried again
 * behind the others. Ends early, without the rest, when the destination is not there. Throws the signal's reason.
 */
export async function* moveInstances(
  work: {
    destination: MoveDestination
    originator: MoveOriginator
    instances: readonly InstanceRecord[]
    overlay: EgressOverlay | undefined
  },
  signal: AbortSignal,
  deps: Deps,
): AsyncGenerator<Moved> {
  const round = new DeliveryRound([...work.instances], work.instances.length)
  for (let group = round.nextGroup(); group.length > 0; group = round.nextGroup()) {
    signal.throwIfAborted()
    let association: Association
    try {
      association = await associate(work.destination, group, signal, deps.log)
    } catch (error) {
      signal.throwIfAborted()
      deps.log.warn('move destination not reached', {
        destination: work.destination.aeTitle,
        code: codeOf(error),
      })
      return
    }
    try {
      yield* storeAll(association, group, round, work, signal, deps)
      await association.release()
    } catch (error) {
      signal.throwIfAborted()
      deps.log.warn('move given up', { destination: work.destination.aeTitle, code: codeOf(error) })
      return
    } finally {
      await association[Symbol.asyncDispose]()
    }
  }
}

async function* storeAll(
  association: Association,
  group: readonly InstanceRecord[],
  round: DeliveryRound,
  work: { originator: MoveOriginator; overlay: EgressOverlay | undefined },
  signal: AbortSignal,
  deps: Deps,
): AsyncGenerator<Moved> {
  for (const instance of group) {
    signal.throwIfAborted()
    const { sopClassUid, sopInstanceUid, transferSyntaxUid } = instance
    if (!association.accepts(sopClassUid, transferSyntaxUid)) {
      round.refused(instance, dimseStatus.classNotSupported)
      yield { sopInstanceUid, outcome: 'failed' }
      continue
    }
    const dataSet = () => dataSetOf(instance, work.overlay, deps.studies)
    const outgoing = { sopClassUid, sopInstanceUid, transferSyntaxUid, dataSet }
    let status: number
    try {
      // Not cut off by a cancel: an object is never left half sent.
      status = (await association.store(outgoing, { moveOriginator: work.originator })).status
    } catch (error) {
      deps.log.warn('association with a move destination broke', { code: codeOf(error) })
      round.broke(instance, error)
      return
    }
    if (isStored(status)) round.stored(instance)
    else round.refused(instance, status)
    yield { sopInstanceUid, outcome: status === 0 ? 'completed' : isStored(status) ? 'warning' : 'failed' }
  }
}

/** As it goes out of this node: own instances as they are, others' under the numbers that filing decided. */
export function dataSetOf(
  instance: InstanceRecord,
  overlay: EgressOverlay | undefined,
  studies: Holdings,
): AsyncIterable<Uint8Array> {
  const original = studies.readDataSet(instance)
  const { transferSyntaxUid, origin } = instance
  return overlay === undefined || origin.kind === 'local'
    ? original
    : applyOverlay(overlay, { transferSyntaxUid, dataSet: original })
}

function associate(
  destination: MoveDestination,
  group: readonly InstanceRecord[],
  signal: AbortSignal,
  log: Logger,
): Promise<Association> {
  const { host, port, aeTitle, callingAeTitle, tls } = destination
  const contexts = new Map(group.map((instance) => [contextOf(instance), instance]))
  return openAssociation(
    {
      ...{ host, port, callingAe: callingAeTitle, calledAe: aeTitle, signal },
      ...(tls && { tls: tls() }),
      contexts: [...contexts.values()].map(({ sopClassUid, transferSyntaxUid }) => ({
        abstractSyntax: sopClassUid,
        transferSyntaxes: [transferSyntaxUid],
      })),
    },
    { log },
  )
}
