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

/** Sends instances over one association, as a modality would. An outcome for each, or what made the association end. */
export async function storeInstances(
  to: { host: string; port: number; calledAe: string; callingAe: string },
  instances: readonly StorableInstance[],
): Promise<StoreOutcome[]> {
  const pairs = Map.groupBy(instances, (instance) => instance.sopClassUid)
  const contexts = [...pairs].map(([abstractSyntax, group]) => ({
    abstractSyntax,
    transferSyntaxes: [...new Set(group.map((instance) => instance.transferSyntaxUid))],
  }))
  const association = await openAssociation({ ...to, contexts }, { log: silentLogger })
  const outcomes: StoreOutcome[] = []
  try {
    for (const { bytes, dataSetOffset, ...instance } of instances) {
      const dataSet = async function* () {
        yield bytes.subarray(dataSetOffset)
      }
      outcomes.push(await association.store({ ...instance, dataSet }))
    }
  } finally {
    await association.release()
  }
  return outcomes
}
