import { openAssociation } from '@twiin/dimse'
import type { StoreOutcome } from '@twiin/dimse'
import { silentLogger } from '@twiin/runtime'

export interface StorableInstance {
  sopClassUid: string
  sopInstanceUid: string
  transferSyntaxUid: string
  /** The whole file. */
  bytes: Uint8Array
  dataSetOffset: number
}

/**
 * Sends instances over one association, as a modality would. Resolves to an outcome for each, or throws what made the
 * association end; `onOutcome` hears of each as it comes.
 */
export async function storeInstances(
  to: { host: string; port: number; calledAe: string; callingAe: string },
  instances: readonly StorableInstance[],
  onOutcome: (instance: StorableInstance, outcome: StoreOutcome) => void = () => {},
): Promise<StoreOutcome[]> {
  const pairs = Map.groupBy(instances, (instance) => instance.sopClassUid)
  const contexts = [...pairs].map(([abstractSyntax, group]) => ({
    abstractSyntax,
    transferSyntaxes: [...new Set(group.map((instance) => instance.transferSyntaxUid))],
  }))
  const association = await openAssociation({ ...to, contexts }, { log: silentLogger })
  const outcomes: StoreOutcome[] = []
  try {
    for (const instance of instances) {
      const { bytes, dataSetOffset, ...identity } = instance
      const dataSet = async function* () {
        yield bytes.subarray(dataSetOffset)
      }
      const outcome = await association.store({ ...identity, dataSet })
      outcomes.push(outcome)
      onOutcome(instance, outcome)
    }
  } finally {
    await association.release()
  }
  return outcomes
}
