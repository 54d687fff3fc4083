import { mkdtempSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MllpClient, MllpServer } from '@twiin/hl7'
import { ShiftableClock, TwiinError, silentLogger, systemClock } from '@twiin/runtime'
import type { Logger } from '@twiin/runtime'
import { Sealer, Store } from '@twiin/store'
import { describe, expect, it } from 'vitest'
import { eventually } from '../testing/test-hospital.ts'
import type { Hl7Handler } from './hl7-handler.ts'
import { Hl7Inbox } from './hl7-inbox.ts'
import { ReceiveMessage } from './receive-message.ts'
import { WorkOff } from './work-off.ts'

const msh = (id: string, { type = 'ADT^A08', rest = 'P|2.5', app = 'ZIS' } = {}) =>
  `MSH|^~\\&|${app}|A|TWIIN|A|20260105||${type}|${id}|${rest}\r`
const adt = (id: string, name = 'Jansen', options = {}) => `${msh(id, options)}PID|1||4711||${name}^Anna\r`

async function listener(
  dir = mkdtempSync(join(tmpdir(), 'twiin-hl7-')),
  clock = new ShiftableClock(),
  log: Logger = silentLogger,
) {
  const applied: string[] = []
  const trouble = new Map<string, () => Error | undefined | Promise<undefined>>()
  const patients: Hl7Handler = {
    name: 'patients',
    handles: (type) => ['ADT', 'ADT^A08', 'ADT^A40'].includes(type),
    check: (message) => {
      if (message.required('PID').text(3) === '')
        throw new TwiinError('HL7_CONTENT', { error: 101, location: 'PID^1^3' })
    },
    handle: async (message) => {
      const failure = await trouble.get(message.header.controlId)?.()
      if (failure !== undefined) throw failure
      applied.push(message.header.controlId)
    },
  }
  const sealer = await Sealer.open(join(dir, 'key'))
  const store = new Store({ dir: join(dir, 'db') }, { sealer })
  const handlers = [patients]
  const buckets = {
    records: store.repository<never>('records', { keys: 'plain-opaque' }),
    bodies: store.repository<never>('bodies', { keys: 'plain-opaque' }),
    waiting: store.repository<never>('waiting', { keys: 'plain-opaque' }),
    controlIds: store.repository<never>('ids', { keys: 'keyed' }),
  }
  const deps = { ...buckets, store, handlers, clock, log }
  const senders = [
    { application: 'ZIS', characterSet: '8859/1' },
    { application: 'FAR', addresses: ['10.0.0.1'], characterSet: '8859/1' },
    ...Array.from({ length: 8 }, (_, at) => ({ application: `RIS${at}`, characterSet: '8859/1' })),
  ]
  const inbox = new Hl7Inbox({ senders }, { ...deps, workOff: new WorkOff(deps) })
  const receiver = new ReceiveMessage(
    {
      ...{ application: 'TWIIN', facility: 'A', processingIds: ['P'] },
      senders,
    },
    { ...deps, inbox, random: (bytes) => randomBytes(bytes) },
  )
  const server = new MllpServer({ host: '127.0.0.1', port: 0 }, { receiver, log: silentLogger })
  await store.start()
  await inbox.start()
  await server.start()
  const client = new MllpClient(
    { host: '127.0.0.1', port: server.address().port },
    { clock: systemClock, log: silentLogger },
  )
  const send = async (text: string) => {
    const { code, error } = await client.send(Buffer.from(text, 'latin1'))
    return `${code} ${error}`.trim()
  }
  const states = async () =>
    (await inbox.list({ limit: 500 })).map(({ controlId, state, reason }) =>
      `${controlId} ${state} ${reason ?? ''}`.trim(),
    )
  return {
    ...{ dir, applied, trouble, inbox, send, states, clock, store, buckets },
    async [Symbol.asyncDispose]() {
      await client.close()
      await server.stop()
      await inbox.stop()
      await store.stop()
    },
  }
}

describe('a message', () => {
  it.each([
    ['that is well', adt('1'), 'AA'],
    ['without PID', msh('1'), 'AE 100'],
    ['without a patient number', `${msh('1')}PID|1||||x\r`, 'AE 101'],
    ['without a type', adt('1', 'x', { type: '' }), 'AE 101'],
    ['of a type nobody handles', adt('1', 'x', { type: 'MDM^T02' }), 'AR 200'],
    ['of an event nobody handles', adt('1', 'x', { type: 'ADT^A99' }), 'AR 201'],
    ['for training', adt('1', 'x', { rest: 'T|2.5' }), 'AR 202'],
    ['of another generation', adt('1', 'x', { rest: 'P|3.0' }), 'AR 203'],
    ['from nobody we know', adt('1', 'x', { app: 'WHO' }), 'AR 103'],
    ['from another address than its sender’s', adt('1', 'x', { app: 'FAR' }), 'AR 103'],
    ['in a set nobody reads', adt('1', 'x', { rest: 'P|2.5||||||ISO IR159' }), 'AE 103'],
    ['in a set that it is not', adt('1', 'Müller', { rest: 'P|2.5||||||UNICODE UTF-8' }), 'AE 102'],
    ['with a line that is no segment', `${adt('1')}rubbish\r`, 'AE 100'],
  ])('%s is answered as it should be, and kept only when it was accepted', async (_what, text, answer) => {
    await using at = await listener()
    expect(await at.send(text)).toBe(answer)
    expect(await at.inbox.list({ limit: 9 })).toHaveLength(answer === 'AA' ? 1 : 0)
  })

  it('from nobody we know is told to the log with the name it gave, and nothing else of it', async () => {
    const told: object[] = []
    const log = { ...silentLogger, info: (_: string, facts: object = {}) => void told.push(facts) }
    await using at = await listener(undefined, undefined, log)
    await at.send(adt('1', 'Jansen', { app: `WHO\x07\x1b[1m${'x'.repeat(200)}` }))
    await at.send(adt('2', 'x', { rest: 'T|2.5' }))
    expect(told).toEqual([
      {
        ...{ code: 'AR', error: 103, location: 'MSH^1^3', remoteAddress: '127.0.0.1' },
        sendingApplication: `WHO??[1m${'x'.repeat(56)}`,
      },
      { code: 'AR', error: 202, location: 'MSH^1^11', remoteAddress: '127.0.0.1' },
    ])
  })

  it('that comes again is taken once; another one under its number is refused', async () => {
    await using at = await listener()
    expect(await at.send(adt('1'))).toBe('AA')
    const again = adt('1').replace('20260105', '20260106')
    expect([await at.send(adt('1')), await at.send(again)]).toEqual(['AA', 'AA'])
    expect(await at.send(adt('1', 'de Vries'))).toBe('AE 205')
    await eventually(() => at.applied.length > 0)
    expect(at.applied).toEqual(['1'])
  })

  it('is worked off after the one before, also when that one fails for a while', async () => {
    await using at = await listener()
    let failures = 2
    at.trouble.set('1', () => (failures-- > 0 ? new Error('disk') : undefined))
    expect([await at.send(adt('1')), await at.send(adt('2'))]).toEqual(['AA', 'AA'])
    await eventually(() => at.applied.length === 2)
    expect(at.applied).toEqual(['1', '2'])
  })

  it('that can never be handled is shown as failed, holds up nobody, and is tried again when asked', async () => {
    await using at = await listener()
    at.trouble.set('1', () => new TwiinError('HL7_CONTENT', { error: 204, location: 'MRG^1^1' }))
    await at.send(adt('1'))
    await at.send(adt('2'))
    await eventually(
      async () => (await at.states()).length === 2 && !(await at.states()).join().includes('waiting'),
    )
    expect(await at.states()).toEqual(['2 applied', '1 failed HL7_CONTENT 204 MRG^1^1'])
    at.trouble.clear()
    const [failed] = await at.inbox.list({ limit: 1, state: 'failed' })
    await at.inbox.retry(failed?.id ?? '')
    await eventually(() => at.applied.length === 2)
    await eventually(async () => (await at.states())[1] === '1 applied')
    await expect(at.inbox.retry(failed?.id ?? '')).rejects.toMatchObject({ code: 'STATE_CONFLICT' })
  })

  it('that was acknowledged right before a crash is worked off at the next start, and gone from disk after', async () => {
    const first = await listener()
    first.trouble.set('1', () => new Error('crash'))
    await first.send(adt('1'))
    await first[Symbol.asyncDispose]()
    await using at = await listener(first.dir)
    await eventually(() => at.applied.length > 0)
    expect(at.applied).toEqual(['1'])
    await eventually(async () => (await at.states())[0] === '1 applied')
    for await (const _ of at.buckets.bodies.entries()) throw new Error('its content is still there')
    expect(await at.send(adt('1'))).toBe('AA')
  })

  it('waits for the one before of its sender, whatever facility that names', async () => {
    await using at = await listener()
    const held = Promise.withResolvers<undefined>()
    at.trouble.set('1', () => held.promise)
    expect([await at.send(adt('1')), await at.send(adt('2').replace('|A|TWIIN', '|OTHER|TWIIN'))]).toEqual([
      'AA',
      'AA',
    ])
    expect(await at.send(adt('3', 'x', { app: 'RIS0' }))).toBe('AA')
    await eventually(() => at.applied.length > 0)
    expect(at.applied).toEqual(['3'])
    held.resolve(undefined)
    await eventually(() => at.applied.length === 3)
    expect(at.applied).toEqual(['3', '1', '2'])
  })

  it('is one of four in memory, however many senders have a backlog', async () => {
    await using at = await listener()
    const held = Promise.withResolvers<undefined>()
    let begun = 0
    for (let app = 0; app < 8; app++) {
      at.trouble.set(`${app}`, () => (begun++, held.promise))
      expect(await at.send(adt(`${app}`, 'x', { app: `RIS${app}` }))).toBe('AA')
    }
    await eventually(() => begun >= 4)
    expect(begun).toBe(4)
    held.resolve(undefined)
    await eventually(() => at.applied.length === 8)
  })

  it('leaves nothing readable on disk', async () => {
    const at = await listener()
    await at.send(adt('Verhulst-control', 'Verhulst'))
    await at[Symbol.asyncDispose]()
    for (const entry of await readdir(at.dir, { recursive: true, withFileTypes: true }))
      if (entry.isFile())
        expect((await readFile(join(entry.parentPath, entry.name))).includes('Verhulst')).toBe(false)
  })

  it('is forgotten a week after it was worked off; its number may come again then', async () => {
    const first = await listener()
    await first.send(adt('1'))
    await first.send(adt('2'))
    await eventually(async () => (await first.states()).join() === '2 applied,1 applied')
    await first[Symbol.asyncDispose]()
    const clock = new ShiftableClock()
    clock.moveOn(8 * 86_400_000)
    await using at = await listener(first.dir, clock)
    // The newest stays, for its id.
    await eventually(async () => (await at.states()).join() === '2 applied')
    expect(await at.send(adt('1', 'another'))).toBe('AA')
  })
})
