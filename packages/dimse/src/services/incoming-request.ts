import type { DimseProvider } from '../dimse-provider.ts'
import type { Command } from '../messages/command-set.ts'
import type { AssociationInfo } from '../store-provider.ts'
import type { AcceptedContext } from '../upper-layer/presentation-context.ts'

/** The services of a provider; an association that we asked for has fewer. */
export type Services = Pick<DimseProvider, 'openStore' | 'find' | 'move' | 'get' | 'commit' | 'committed'>

export interface IncomingRequest {
  context: AcceptedContext
  request: Command
  /** Undefined when it was longer than the limit. */
  dataSet: Buffer | undefined
  association: AssociationInfo
  contexts: ReadonlyMap<number, AcceptedContext>
  subOperationMs: number
}
