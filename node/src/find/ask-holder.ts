import type { PeerHost } from '@twiin/network'
import { limits, protocolIds, searchAnswer, searchRequest } from '@twiin/protocol'
import type { SearchAnswer, Signer, VerifySignature } from '@twiin/protocol'
import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { PatientSearch } from './patient-search.ts'

/** spec 04 §5: after this a holder counts as unreachable. */
const answerTimeoutMs = 8000

/** What a question says of the search it belongs to. */
export type HolderQuestion = Pick<PatientSearch, 'id' | 'epoch' | 'loc' | 'purpose' | 'birthDate'> & {
  /** On whose behalf. */
  readonly person: { readonly id: string; readonly name: string; readonly role: string }
}

interface Deps {
  host: Pick<PeerHost, 'ask'>
  signer: Signer<'twiin/request/v1'>
  verify: VerifySignature
  clock: Clock
}

/** Puts one signed question to one holder (spec 04). Throws the network's codes, and `ANSWER_INVALID`. */
export async function askHolder(search: HolderQuestion, peerId: string, deps: Deps): Promise<SearchAnswer> {
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
      ...(search.birthDate === undefined ? {} : { birthDate: search.birthDate }),
    },
    deps.signer,
  )
  const bytes = await deps.host.ask(peerId, protocolIds.search, question.bytes, {
    maxAnswerBytes: limits.searchAnswerBytes + 1024,
    timeoutMs: answerTimeoutMs,
  })
  const { message } = searchAnswer.open(bytes, peerId, deps.verify)
  if (!requestId.equals(message.requestId)) throw new TwiinError('ANSWER_INVALID', { why: 'another request' })
  return message
}
