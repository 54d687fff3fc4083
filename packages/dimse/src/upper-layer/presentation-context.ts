import { isStorageClass, verificationClass } from '../uids.ts'
import { contextResult } from './associate-pdu.ts'
import type { AnsweredContext, AssociateAccept, ProposedContext } from './associate-pdu.ts'
import type { RoleSelection } from './user-information.ts'

/** What a message on this context holds, and who may ask for what. */
export interface AcceptedContext {
  id: number
  abstractSyntax: string
  transferSyntax: string
  isStorage: boolean
  /** SCU and SCP of this class, as negotiated (PS3.7 D.3.3.4). */
  weAre: { user: boolean; provider: boolean }
}

/** What we are ready to be for a class, and for how. */
export interface Offer {
  weAre: { user: boolean; provider: boolean }
  accepts: (transferSyntax: string) => boolean
}

/**
 * Of each context the first proposed transfer syntax that is accepted: senders list what they hold first. Roles only for
 * who asked for them; without, the requestor is user and we are provider.
 */
export function answerContexts(
  { contexts, roles = [] }: { contexts: readonly ProposedContext[]; roles?: readonly RoleSelection[] },
  offerOf: (abstractSyntax: string) => Offer | undefined,
): { answers: AnsweredContext[]; accepted: Map<number, AcceptedContext>; roles: RoleSelection[] } {
  const accepted = new Map<number, AcceptedContext>()
  const classes = new Set(contexts.map(({ abstractSyntax }) => abstractSyntax))
  const agreed = [...classes].flatMap((sopClassUid): RoleSelection[] => {
    const proposal = roles.find((role) => role.sopClassUid === sopClassUid)
    if (proposal === undefined) return []
    const { user, provider } = offerOf(sopClassUid)?.weAre ?? { user: false, provider: false }
    return [{ sopClassUid, user: proposal.user && provider, provider: proposal.provider && user }]
  })
  const answers = contexts.map(({ id, abstractSyntax, transferSyntaxes }) => {
    const refuse = (result: number) => ({ id, result, transferSyntax: transferSyntaxes[0] ?? '' })
    const offer = offerOf(abstractSyntax)
    if (offer === undefined) return refuse(contextResult.abstractSyntaxUnknown)
    const transferSyntax = transferSyntaxes.find((uid) => offer.accepts(uid))
    if (transferSyntax === undefined) return refuse(contextResult.noTransferSyntax)
    const role = agreed.find(({ sopClassUid }) => sopClassUid === abstractSyntax)
    const weAre =
      role === undefined ? { user: false, provider: true } : { user: role.provider, provider: role.user }
    const isStorage = abstractSyntax !== verificationClass && isStorageClass(abstractSyntax)
    accepted.set(id, { id, abstractSyntax, transferSyntax, isStorage, weAre })
    return { id, result: contextResult.accepted, transferSyntax }
  })
  return { answers, accepted, roles: agreed }
}

/** Context ids are odd and a byte: 128 of them (PS3.8 §9.3.2.2). */
export const maxContexts = 128

export interface WantedContext {
  abstractSyntax: string
  transferSyntaxes: readonly string[]
  /** What we are for this class (PS3.7 D.3.3.4); default `scu`. `scp` to receive: storage for a `get`, commitment to report. */
  role?: 'scu' | 'scp'
}

/** A context of its own for each pair, so that every object goes out in the syntax it is in. */
export function proposeContexts(wanted: readonly WantedContext[]): ProposedContext[] {
  const pairs = wanted.flatMap(({ abstractSyntax, transferSyntaxes }) =>
    transferSyntaxes.map((transferSyntax) => `${abstractSyntax} ${transferSyntax}`),
  )
  return [...new Set(pairs)].map((pair, index) => {
    const [abstractSyntax = '', transferSyntax = ''] = pair.split(' ')
    return { id: 2 * index + 1, abstractSyntax, transferSyntaxes: [transferSyntax] }
  })
}

/** Only for classes of which we want to be provider: the default needs no words. */
export function proposeRoles(wanted: readonly WantedContext[]): RoleSelection[] {
  const providers = new Set(
    wanted.filter(({ role }) => role === 'scp').map(({ abstractSyntax }) => abstractSyntax),
  )
  return [...providers].map((sopClassUid) => ({
    sopClassUid,
    user: wanted.some(({ abstractSyntax, role }) => abstractSyntax === sopClassUid && role !== 'scp'),
    provider: true,
  }))
}

/** An answer in another syntax than the one proposed is no acceptance. */
export function acceptedContexts(
  proposed: readonly ProposedContext[],
  accept: AssociateAccept,
): Map<number, AcceptedContext> {
  const contexts = new Map<number, AcceptedContext>()
  const { roles = [] } = accept.user
  for (const { id, abstractSyntax, transferSyntaxes } of proposed) {
    const answer = accept.contexts.find((context) => context.id === id)
    if (answer?.result !== contextResult.accepted || answer.transferSyntax !== transferSyntaxes[0]) continue
    const role = roles.find(({ sopClassUid }) => sopClassUid === abstractSyntax)
    contexts.set(id, {
      id,
      abstractSyntax,
      transferSyntax: answer.transferSyntax,
      isStorage: abstractSyntax !== verificationClass && isStorageClass(abstractSyntax),
      weAre:
        role === undefined ? { user: true, provider: false } : { user: role.user, provider: role.provider },
    })
  }
  return contexts
}
