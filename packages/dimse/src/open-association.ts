import type { Logger } from '@twiin/runtime'
import { dimseError } from './dimse-error.ts'
import type { Association } from './association.ts'
import type { RequestorTimeouts } from './limits.ts'

export interface AssociationOptions {
  host: string
  port: number
  callingAe: string
  calledAe: string
  /** Each pair of SOP class and transfer syntax becomes a presentation context of its own; 128 at most. */
  contexts: { abstractSyntax: string; transferSyntaxes: string[] }[]
  maxPduLength?: number
  timeouts?: Partial<RequestorTimeouts>
  signal?: AbortSignal
}

/** Connects and negotiates. Throws CONNECTION_FAILED, ASSOCIATION_REJECTED, ASSOCIATION_ABORTED, DIMSE_TIMEOUT. */
export async function openAssociation(
  options: AssociationOptions,
  deps: { log: Logger },
): Promise<Association> {
  void deps
  throw dimseError('CONNECTION_FAILED', { port: options.port })
}
