import type { PeerHost } from '@twiin/network'
import { limits, protocolIds, searchAnswer, searchRequest } from '@twiin/protocol'
import type { SearchAnswer, Signer, VerifySignature } from '@twiin/protocol'
import { TwiinError, isTwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { PatientSearch } from './patient-search.ts'

/** spec 04 §5: after this a holder counts as unreachable. */
const answerTimeoutMs = 8000

/** What a question says of the search it belongs to. */
export type HolderQuestion = Pick<PatientSearch, 'id' | 'epoch' | 'loc' | 'purpose' | 'birthDate'> & {
  readonly relation?: PatientSearch['relation']
  /** On whose behalf. */
  readonly person: { readonly id: string; readonly name: string; readonly role: string }
}

interface Deps {
  host: Pick<PeerHost, 'ask'>
  signer: Signer<'twiin/request/v1'>
  verify: VerifySignature
  clock: Clock
}

export interface HolderAnswer {
  answer: SearchAnswer
  /** The holder knows what a registered treatment relation is: later requests may say so too. */
  knowsRelation: boolean
}

/** Puts one signed question to one holder (spec 04). Throws the network's codes, and `ANSWER_INVALID`. */
export async function askHolder(search: HolderQuestion, peerId: string, deps: Deps): Promise<HolderAnswer> {
  if (search.relation === 'registered') {
    try {
      return { answer: await ask(search, peerId, protocolIds.searchWithRelation, deps), knowsRelation: true }
    } catch (error) {
      // It does not speak it, or will not have us; the plain question tells which.
      if (!isTwiinError(error, 'PEER_REFUSED')) throw error
    }
  }
  const { relation: _, ...plain } = search
  return { answer: await ask(plain, peerId, protocolIds.search, deps), knowsRelation: false }
}

async function ask(
  search: HolderQuestion,
  peerId: string,
  protocol: string,
  deps: Deps,
): Promise<SearchAnswer> {
  // The search itself, so that the lines at both ends belong together (spec 07 §2); a holder is asked once.
  const requestId = Buffer.from(search.id, 'hex')
  const question = searchRequest.sign(
    {
      kind: 'search',
      requestId,
      issuedAt: deps.clock.now(),
      holder: peerId,
      epoch: search.epoch,
      loc: search.loc,
      user: {
        id: search.person.id.slice(0, 64),
        name: search.person.name.slice(0, 128),
        role: search.person.role,
      },
      purpose: search.purpose,
      ...(search.relation === 'registered' ? { relation: search.relation } : {}),
      ...(search.birthDate === undefined ? {} : { birthDate: search.birthDate }),
    },
    deps.signer,
  )
  const bytes = await deps.host.ask(peerId, protocol, question.bytes, {
    maxAnswerBytes: limits.searchAnswerBytes + 1024,
    timeoutMs: answerTimeoutMs,
  })
  const { message } = searchAnswer.open(bytes, peerId, deps.verify)
  if (!requestId.equals(message.requestId)) throw new TwiinError('ANSWER_INVALID', { why: 'another request' })
  return message
}
