/**
 * A hundred thousand damaged PDUs, data sets and HL7 frames against one real node: it does not exit, its event loop never
 * stands still for more than a quarter of a second, and its memory stays bounded.
 *
 * TWIIN_MUTATIONS=100000 for the whole; 1,500 by default.
 */
import { connect } from 'node:net'
import { openAssociation } from '@twiin/dimse'
import { MllpClient } from '@twiin/hl7'
import { silentLogger, systemClock } from '@twiin/runtime'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { storeInstances } from '../../scripts/demo-network/store-instances.ts'
import { isAlive, startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { mutate, seededNumbers } from '../support/mutations.ts'
import { newStudy } from '../support/new-study.ts'
import { associateRequest, pdu } from '../support/raw-dicom.ts'
import { Watch } from '../support/watch.ts'

const total = Number(process.env['TWIIN_MUTATIONS'] ?? 1500)
const each = Math.ceil(total / 3)
const atOnce = 8
const timeout = 60_000 + total * 20

let demo: Demo
beforeAll(async () => {
  demo = await startDemo({ hospitals: 1, empty: true })
})
afterAll(() => demo[Symbol.asyncDispose]())

const hospital = () => demo.hospital(0)

/** Runs all of it a few at a time, while somebody watches the node. */
async function attack(count: number, one: (index: number) => Promise<void>): Promise<Watch> {
  const watch = new Watch(hospital())
  await watch.look()
  watch.reset()
  let begun = 0
  const attacker = async () => {
    while (begun < count) await one(begun++)
  }
  const attackers = Array.from({ length: atOnce }, attacker)
  const done = Promise.all(attackers)
  let isOver = false
  void done.finally(() => (isOver = true)).catch(() => {})
  while (!isOver) {
    await watch.look()
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
  await done
  await watch.look()
  return watch
}

function judge(what: string, count: number, { stallMs, ownStallMs, rssMiB }: Watch): void {
  console.log(
    `${count} ${what}: longest stall ${stallMs.toFixed(0)} ms (alone ${ownStallMs.toFixed(0)}), memory up to ${rssMiB.toFixed(0)} MiB`,
  )
  expect(isAlive(hospital().pid)).toBe(true)
  expect(ownStallMs).toBeLessThanOrEqual(250)
  expect(rssMiB).toBeLessThan(700)
}

/** The command set of a C-ECHO-RQ (PS3.7 table 9.3-12), Implicit VR Little Endian. */
const echoRequest = Buffer.from(
  [
    '0000 0000 04000000 38000000',
    `0000 0200 12000000 ${Buffer.from('1.2.840.10008.1.1\0').toString('hex')}`,
    '0000 0001 02000000 3000',
    '0000 1001 02000000 0100',
    '0000 0008 02000000 0101',
  ]
    .join('')
    .replaceAll(' ', ''),
  'hex',
)

/** Sends bytes, ends, and waits until the other side has ended too. */
function throwAt(port: number, host: string, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host, port }, () => socket.end(bytes))
    socket.setTimeout(15_000, () => socket.destroy())
    socket.on('error', () => {})
    socket.on('data', () => {})
    socket.on('close', () => resolve())
  })
}

test('damaged PDUs end an association and nothing else', { timeout }, async () => {
  const { aeTitle, host, port } = hospital().dicom
  const value = Buffer.concat([Buffer.from([0, 0, 0, echoRequest.length + 2, 1, 3]), echoRequest])
  const conversation = Buffer.concat([
    associateRequest(aeTitle, 'STORESCU'),
    pdu(4, value),
    pdu(5, Buffer.alloc(4)),
  ])
  const next = seededNumbers('pdu')
  judge('PDUs', each, await attack(each, () => throwAt(port, host, mutate(conversation, next))))
})

test('damaged data sets are refused or kept, each with an answer', { timeout }, async () => {
  const { host, port, aeTitle } = hospital().dicom
  const to = { host, port, calledAe: aeTitle, callingAe: 'STORESCU' }
  const [sample] = newStudy({ seed: 'mutations', instances: 1, size: 16 })
  if (sample === undefined) throw new Error('no sample')
  const { sopClassUid, transferSyntaxUid, bytes, dataSetOffset } = sample
  const original = bytes.subarray(dataSetOffset)
  const next = seededNumbers('data set')
  const perAssociation = 100
  let answered = 0
  const store = async () => {
    const contexts = [{ abstractSyntax: sopClassUid, transferSyntaxes: [transferSyntaxUid] }]
    const association = await openAssociation({ ...to, contexts }, { log: silentLogger })
    for (let left = perAssociation; left > 0; left--) {
      const damaged = mutate(original, next)
      const even = damaged.subarray(0, damaged.length & ~1)
      const instance = { sopClassUid, sopInstanceUid: sample.sopInstanceUid, transferSyntaxUid }
      await association.store({
        ...instance,
        dataSet: async function* () {
          yield even
        },
      })
      answered++
    }
    await association.release()
  }
  const associations = Math.ceil(each / perAssociation)
  judge('data sets', associations * perAssociation, await attack(associations, store))
  expect(answered).toBe(associations * perAssociation)
})

test('damaged HL7 frames are answered or end a connection, and nothing else', { timeout }, async () => {
  const { host, port, application } = hospital().hl7
  const lines = [
    `MSH|^~\\&|${application}|A|TWIIN|A|20260105||ADT^A08|mutated|P|2.5||||||UNICODE UTF-8`,
    'EVN|A08|20260105',
    'PID|1||4711^^^ZIS^PI~999990019^^^NLMINBIZA&2.16.840.1.113883.2.4.6.3&ISO^NNNLD||Jansen&&Jansen^Zoë^\\T\\||19600203|F',
    'MRG|4712^^^ZIS^PI',
  ]
  const frame = Buffer.concat([
    Buffer.from([0x0b]),
    Buffer.from(lines.join('\r')),
    Buffer.from('\r\x1c\r', 'latin1'),
  ])
  const next = seededNumbers('hl7')
  const three = () => Buffer.concat([mutate(frame, next), mutate(frame, next), mutate(frame, next)])
  const conversations = Math.ceil(each / 3)
  judge('HL7 frames', 3 * conversations, await attack(conversations, () => throwAt(port, host, three())))
  // One that is whole is still taken.
  const client = new MllpClient({ host, port }, { clock: systemClock, log: silentLogger })
  const whole = Buffer.from(lines.join('\r').replace('mutated', 'whole'))
  expect(await client.send(whole)).toMatchObject({ code: 'AA' })
  await client.close()
})

test('afterwards the next modality is served as ever', async () => {
  const { host, port, aeTitle } = hospital().dicom
  const to = { host, port, calledAe: aeTitle, callingAe: 'STORESCU' }
  expect(await storeInstances(to, newStudy({ seed: 'afterwards', instances: 2 }))).toEqual([
    { status: 0 },
    { status: 0 },
  ])
})
