import { TwiinError } from '@twiin/runtime'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import type { KnownKey, Register } from '../ledger/register.ts'
import { mayWitness, quorum } from '../log/witness-set.ts'

export const Effect = Type.Object({
  /** Certificates of the key that are good now. */
  certificates: Type.Integer(),
  isWitness: Type.Boolean(),
  /** Of the witnesses there are now, without this one and without those that cannot cosign. */
  witnessesLeft: Type.Integer(),
  quorum: Type.Integer(),
  exchangingBefore: Type.Integer(),
  exchangingAfter: Type.Integer(),
  lastAnnounced: Type.Optional(Type.String()),
})

/** What ending the key of a certificate would do to the network, before anybody asks for it. Throws NOT_FOUND. */
export function effectOf(register: Register, serial: string, now: number): Static<typeof Effect> {
  const certificate = register.certificates.get(serial)
  const key = certificate && register.keys.get(certificate.peerId)
  if (key === undefined) throw new TwiinError('NOT_FOUND')
  const { peerId, serials, announced } = key
  const exchanges = (one: KnownKey) =>
    one.role === 'member' && one.exchangingSince !== undefined && register.isActive(one.peerId, now)
  const exchanging = [...register.keys.values()].filter(exchanges)
  return {
    certificates: register.isActive(peerId, now)
      ? serials.filter((one) => (register.certificates.get(one)?.notAfter ?? 0) > now).length
      : 0,
    isWitness: register.witnesses.includes(peerId),
    witnessesLeft: register.witnesses.filter((one) => one !== peerId && mayWitness(register, one, now))
      .length,
    quorum: register.foundingEnded?.quorum ?? quorum,
    exchangingBefore: exchanging.length,
    exchangingAfter: exchanging.filter((one) => one.peerId !== peerId).length,
    ...(announced && { lastAnnounced: new Date(announced.at).toISOString() }),
  }
}
