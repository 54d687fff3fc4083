import { randomBytes } from 'node:crypto'
import { parseBsn } from '@twiin/patient-token'
import { protocolIds, searchAnswer, searchRequest } from '@twiin/protocol'
import { deriveLocation } from '@twiin/study-index'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mostPeople } from '../emergency/emergency-quota.ts'
import { patient, radiologist, twoHospitals } from '../testing/test-hospital.ts'
import { verifyByPeerId } from '../trust/trust.ts'

const bsn = parseBsn(patient.bsn)
type Question = Parameters<typeof searchRequest.sign>[0]
let net: Awaited<ReturnType<typeof twoHospitals>>
let loc: Uint8Array

/** A holds a study of somebody who was never asked. */
beforeEach(async () => {
  net = await twoHospitals()
  await net.a.receive()
  const [token] = await net.a.index.tokens.tokens([bsn], 'lookup')
  loc = deriveLocation(token ?? new Uint8Array(), 1)
})
afterEach(() => net[Symbol.asyncDispose]())

/** What B reads when it asks A in an emergency. */
async function ask(userId: string, whom: Uint8Array, said: Partial<Question> = {}) {
  const { network, a, b } = net
  const question = searchRequest.sign(
    {
      ...{ kind: 'search', requestId: randomBytes(16), issuedAt: network.clock.now(), holder: a.key.peerId },
      ...{ epoch: 1, loc: whom, user: { ...radiologist, id: userId } },
      purpose: { basis: 'emergency', reason: 'not-responsive: trauma' },
      ...said,
    },
    b.key,
  )
  const bytes = await network.wire.host(b.key.peerId).ask(a.key.peerId, protocolIds.search, question.bytes)
  const { message } = searchAnswer.open(bytes, a.key.peerId, verifyByPeerId)
  return message.status === 'refused' ? message.reason : message.status
}

describe('a member with more emergencies than there can be', () => {
  it('reads the same of a patient here as of somebody unknown, and each of its questions is on record', async () => {
    const unknown = randomBytes(32)
    const reads = async (whom: Uint8Array) => {
      const read: string[] = []
      for (let nth = 0; nth < mostPeople + 3; nth++) read.push(await ask(`made up ${nth}`, whom))
      return read
    }
    expect((await reads(loc)).slice(mostPeople)).toEqual(Array(3).fill('CONSENT_MISSING'))
    expect((await reads(unknown)).slice(mostPeople)).toEqual(Array(3).fill('CONSENT_MISSING'))
    const lines = (await net.a.audit('search-refused')).map(({ reason, patient }) => [
      reason,
      patient?.citizenNumber,
    ])
    expect(lines).toHaveLength(3 + mostPeople + 3)
    expect(lines.slice(0, 3)).toEqual(Array(3).fill(['TOO_MANY_EMERGENCIES', bsn]))
    expect(lines.slice(-3)).toEqual(Array(3).fill(['TOO_MANY_EMERGENCIES', undefined]))
    // No notice for what was not looked into.
    expect(net.a.exchange.uses.pendingOf(net.b.key.peerId)).toHaveLength(mostPeople)
    // Who asked before may go on.
    expect(await ask('made up 0', loc)).toBe('answered')
  })
})

describe('a member that asks without end', () => {
  const treatment = { purpose: { basis: 'treatment', reason: 'poli' } } as const
  const reasons = async () => (await net.a.audit('search-refused')).map(({ reason }) => reason)

  it('has a line for each question about a location, of nobody known as of a patient here', async () => {
    for (let nth = 0; nth < 70; nth++) await ask('r', randomBytes(32), treatment)
    expect(await reasons()).toEqual(Array(70).fill('UNKNOWN_PATIENT'))
    for (let nth = 0; nth < 3; nth++) await ask('r', loc, treatment)
    expect(await reasons()).toHaveLength(73)
  })

  it('is counted where no patient was looked up', async () => {
    const stale = { ...treatment, issuedAt: 1 }
    for (let nth = 0; nth < 70; nth++) await ask('r', loc, stale)
    expect(await reasons()).toEqual(Array(60).fill('REQUEST_INVALID'))
    // A stop leaves no count behind.
    await net.a.restart()
    expect(await net.a.audit('refused')).toMatchObject([{ reason: 'MORE_REFUSED', objects: { count: 10 } }])
  })
})
