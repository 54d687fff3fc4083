/**
 * Two hundred messages of a hospital information system, sent without waiting and cut anywhere, to a node that is killed
 * in the middle: each is answered as it should be, and what was acknowledged is applied, once, and in order.
 */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { readAcknowledgement } from '@twiin/hl7'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ApiClient } from '../../scripts/demo-network/api-client.ts'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { until } from '../support/node-api.ts'
import { seededNumbers } from '../support/mutations.ts'

interface Sent {
  id: string
  /** What an answer to it must be. */
  answer: RegExp
  bytes: Buffer
}

let demo: Demo
beforeAll(async () => {
  demo = await startDemo({ hospitals: 1, empty: true })
})
afterAll(() => demo[Symbol.asyncDispose]())

const latin1 = (text: string) => Buffer.from(text, 'latin1')

function messages(): Sent[] {
  return Array.from({ length: 200 }, (_, i) => {
    const id = `killed-${i}`
    const msh = (type: string, set = '8859/1') =>
      `MSH|^~\\&|ZIS|A|TWIIN|A|20260105||${type}|${id}|P|2.5||||||${set}\r`
    const pid = `PID|1||${7000 + (i % 20)}^^^ZIS^PI||Müller&&Müller^Zoë ${i}||19600203|F\r`
    const kinds: [RegExp, string][] = [
      [/^AA$/, `${msh('ADT^A28^ADT_A05')}EVN|A28\r${pid}`],
      [/^AA$/, `${msh('ADT^A08^ADT_A01')}EVN|A08\r${pid}`],
      [/^AA$/, `${msh('ADT^A31^ADT_A05')}${pid}`],
      [/^AA$/, `${msh('ADT^A40^ADT_A39')}EVN|A40\r${pid}MRG|${8000 + i}^^^ZIS^PI\r`],
      // Its study is not here: kept until it comes.
      [/^AA$/, `${msh('ORU^R01^ORU_R01')}${pid}OBR|1||ACC${i}|CT\rOBX|1|TX|||Geen bijzonderheden||||||F\r`],
      [/^AE 100$/, `${msh('ADT^A08^ADT_A01')}${pid}no segment\r`],
      [/^AE 101$/, `${msh('ADT^A08^ADT_A01')}PID|1||^^^ZIS||x\r`],
      [/^AE 102$/, `${msh('ADT^A08^ADT_A01', 'UNICODE UTF-8')}${pid}`],
      [/^AR 200$/, `${msh('MFN^M02')}${pid}`],
      [/^AR 201$/, `${msh('ADT^A98')}${pid}`],
    ]
    const [answer, text] = kinds[i % kinds.length] ?? [/never/, '']
    return { id, answer, bytes: Buffer.concat([latin1('\x0b'), latin1(text), latin1('\x1c\r')]) }
  })
}

/** Sends all in pieces of any size, and tells every answer; ends when the last came or the line broke. */
async function converse(
  { host, port }: { host: string; port: number },
  sent: readonly Sent[],
  onAnswer: (id: string, answer: string) => void,
): Promise<void> {
  const socket: Socket = connect({ host, port }).setNoDelay(true)
  socket.on('error', () => {})
  const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  await Promise.race([once(socket, 'connect'), gone])
  let unread = Buffer.alloc(0)
  let answers = 0
  socket.on('data', (chunk) => {
    unread = Buffer.concat([unread, chunk])
    for (let end = unread.indexOf('\x1c\r'); end !== -1; end = unread.indexOf('\x1c\r')) {
      const { controlId, code, error } = readAcknowledgement(unread.subarray(1, end))
      unread = unread.subarray(end + 2)
      onAnswer(controlId, `${code} ${error}`.trim())
      if (++answers === sent.length) socket.end()
    }
  })
  const stream = Buffer.concat(sent.map(({ bytes }) => bytes))
  const next = seededNumbers('cuts')
  for (let at = 0; at < stream.length && !socket.destroyed;) {
    const size = 1 + next(700)
    socket.write(stream.subarray(at, at + size))
    at += size
    await new Promise((resolve) => setImmediate(resolve))
  }
  await gone
}

interface Listed {
  messages: { id: string; controlId: string; state: string; handledBy: string[] }[]
}

test('each is answered rightly, none that was acknowledged is lost or applied twice', async () => {
  const { hl7, web } = demo.hospital(0)
  const all = messages()
  const answered = new Map<string, string>()
  const note = (id: string, answer: string) => void answered.set(id, answer)

  let killed: Promise<void> | undefined
  await converse(hl7, all, (id, answer) => {
    note(id, answer)
    if (answered.size === 70) killed = demo.kill(0)
  })
  await killed
  const before = new Map(answered)
  expect(before.size).toBeGreaterThanOrEqual(70)
  expect(before.size).toBeLessThan(200)
  await demo.restart(0)

  // The sender goes on with what got no answer, and some it only thinks got none.
  const open = all.filter(({ id }) => !before.has(id))
  const twice = all.filter(({ id }) => before.has(id)).slice(-10)
  await converse(hl7, [...twice, ...open], note)
  for (const { id, answer } of all)
    expect(`${id} ${answered.get(id)}`).toMatch(new RegExp(`^${id} (?:${answer.source.slice(1, -1)})$`))
  for (const { id } of twice) expect(answered.get(id)).toBe(before.get(id))

  using api = new ApiClient({
    ...{ url: web.url, ca: await readFile(web.caFile, 'utf8') },
    token: web.tokens.operator,
  })
  const list = async () => {
    return (await api.call<Listed>('GET', '/api/v1/hl7-messages?limit=500')).messages
  }
  const listed = await until(
    async () => {
      const now = await list()
      return now.every(({ state }) => state !== 'waiting') && now
    },
    { timeoutMs: 30_000, what: 'all are worked off' },
  )
  const accepted = all.filter(({ id }) => answered.get(id) === 'AA').map(({ id }) => id)
  expect(listed.map(({ controlId }) => controlId).reverse()).toEqual(accepted)
  expect(listed.every(({ state }) => state === 'applied')).toBe(true)
  // Each by the one handler of its type, and no more than once.
  const reports = new Set(all.filter(({ bytes }) => bytes.includes('ORU^R01')).map(({ id }) => id))
  for (const { controlId, handledBy } of listed)
    expect(`${controlId} ${handledBy.join()}`).toBe(
      `${controlId} ${reports.has(controlId) ? 'reports' : 'patients'}`,
    )
  // Told once more, nothing is taken again: the list stays as it is.
  await converse(
    hl7,
    all.filter(({ id }) => accepted.includes(id)),
    note,
  )
  for (const id of accepted) expect(`${id} ${answered.get(id)}`).toBe(`${id} AA`)
  expect(await list()).toEqual(listed)
}, 180_000)
