import { publicKeyOf } from '@twiin/identity'
import type { Bundle } from '@twiin/protocol'
import type { TrustedLog } from '@twiin/transparency'

/**
 * Whether cosignatures are asked for under this bundle: when it says so, or when the day has come until which the network
 * could be founding at the latest. Spec 11 §6.
 */
export function cosignaturesRequired({ phase, endsAt }: Bundle['witnessing'], now: number): boolean {
  return phase === 'required' || now >= endsAt
}

/** Whose signatures count for who goes by this bundle. Witnesses that were cut off count for nothing. */
export function trustedLog(
  { log, witnessing }: Bundle,
  options: { isRequired: boolean; isCut: (peerId: string) => boolean },
): TrustedLog {
  const witnesses = witnessing.witnesses.flatMap((peerId) =>
    options.isCut(peerId) ? [] : [{ name: peerId, publicKey: publicKeyOf(peerId) }],
  )
  return { log, witnesses, quorum: options.isRequired ? witnessing.quorum : 0 }
}
