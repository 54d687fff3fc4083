import { contextResult } from './associate-pdu.ts'
import type { AnsweredContext, ProposedContext } from './associate-pdu.ts'
import { isStorageClass, verificationClass } from './uids.ts'

/** What a message on this context holds. */
export interface AcceptedContext {
  id: number
  abstractSyntax: string
  transferSyntax: string
}

/** Of each context the first proposed transfer syntax that `accepts`: senders list what they hold first. */
export function answerContexts(
  proposed: readonly ProposedContext[],
  accepts: (abstractSyntax: string, transferSyntax: string) => boolean,
): { answers: AnsweredContext[]; accepted: Map<number, AcceptedContext> } {
  const accepted = new Map<number, AcceptedContext>()
  const answers = proposed.map(({ id, abstractSyntax, transferSyntaxes }) => {
    const isVerification = abstractSyntax === verificationClass
    const refuse = (result: number) => ({ id, result, transferSyntax: transferSyntaxes[0] ?? '' })
    if (!isVerification && !isStorageClass(abstractSyntax)) return refuse(contextResult.abstractSyntaxUnknown)
    const transferSyntax = transferSyntaxes.find((uid) => isVerification || accepts(abstractSyntax, uid))
    if (transferSyntax === undefined) return refuse(contextResult.noTransferSyntax)
    accepted.set(id, { id, abstractSyntax, transferSyntax })
    return { id, result: contextResult.accepted, transferSyntax }
  })
  return { answers, accepted }
}

/** Context ids are odd and a byte: 128 of them (PS3.8 §9.3.2.2). */
export const maxContexts = 128

export function contextKey(abstractSyntax: string, transferSyntax: string): string {
  return `${abstractSyntax} ${transferSyntax}`
}

/** A context of its own for each pair, so that every object goes out in the syntax it is in. */
export function proposeContexts(
  wanted: readonly { abstractSyntax: string; transferSyntaxes: readonly string[] }[],
): ProposedContext[] {
  const pairs = wanted.flatMap(({ abstractSyntax, transferSyntaxes }) =>
    transferSyntaxes.map((transferSyntax) => `${abstractSyntax} ${transferSyntax}`),
  )
  return [...new Set(pairs)].map((pair, index) => {
    const [abstractSyntax = '', transferSyntax = ''] = pair.split(' ')
    return { id: 2 * index + 1, abstractSyntax, transferSyntaxes: [transferSyntax] }
  })
}
