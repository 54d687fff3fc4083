import type { PeerHost } from '@twiin/network'
import { contentsAnswer, contentsRequest, limits, protocolIds } from '@twiin/protocol'
import type { ContentsAnswer, ContentsRequest, Signer, VerifySignature } from '@twiin/protocol'
import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { PatientSearch } from './patient-search.ts'

const answerTimeoutMs = 8000

interface Deps {
  host: Pick<PeerHost, 'ask'>
  signer: Signer<'twiin/request/v1'>
  verify: VerifySignature
  clock: Clock
  random: (bytes: number) => Uint8Array
}

/** Has a holder say what stands in studies that it showed in a search (spec 13 §5). Throws the network's codes, `ANSWER_INVALID`. */
export async function askContents(
  search: PatientSearch,
  peerId: string,
  wanted: Pick<ContentsRequest, 'studies' | 'level' | 'series'>,
  deps: Deps,
): Promise<ContentsAnswer> {
  const requestId = Buffer.from(deps.random(16))
  const { person, epoch, loc, purpose, birthDate, holders } = search
  const isRegistered = holders.find((holder) => holder.peerId === peerId)?.relation === 'registered'
  const question = contentsRequest.sign(
    {
      kind: 'contents',
      requestId,
      issuedAt: deps.clock.now(),
      holder: peerId,
      ...{ epoch, loc, purpose },
      user: { id: person.id.slice(0, 64), name: person.name.slice(0, 128), role: person.role },
      ...(birthDate === undefined ? {} : { birthDate }),
      ...(isRegistered ? { relation: 'registered' as const } : {}),
      ...wanted,
    },
    deps.signer,
  )
  const bytes = await deps.host.ask(peerId, protocolIds.contents, question.bytes, {
    maxAnswerBytes: limits.contentsAnswerBytes + 1024,
    timeoutMs: answerTimeoutMs,
  })
  const { message } = contentsAnswer.open(bytes, peerId, deps.verify)
  if (!requestId.equals(message.requestId)) throw new TwiinError('ANSWER_INVALID', { why: 'another request' })
  return message
}
