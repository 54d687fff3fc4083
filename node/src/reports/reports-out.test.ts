import { MllpClient, MllpServer, acknowledge, readMessage } from '@twiin/hl7'
import type { Hl7Message } from '@twiin/hl7'
import { TwiinError, silentLogger, systemClock } from '@twiin/runtime'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { oruMessage } from '../testing/oru.ts'
import { eventually, patient, radiologist, twoHospitals } from '../testing/test-hospital.ts'
import { ReportsOut } from './reports-out.ts'

let net: Awaited<ReturnType<typeof twoHospitals>>
beforeEach(async () => {
  net = await twoHospitals()
})
afterEach(() => net[Symbol.asyncDispose]())

it('the RIS is told of a report from elsewhere, under the number it was filed under, until it takes it', async () => {
  const { a, b } = net
  const { studyInstanceUid } = await a.receive({ accessionNumber: 'ACC1' })
  await a.exchange.reports.incoming.handle(oruMessage({ text: ['normaal'] }), { id: '1', at: 0 })
  const order = { studyInstanceUids: [studyInstanceUid], recipient: { ura: '90000002' }, reason: 'x' }
  await a.exchange.sends.request(order, radiologist)
  await b.transferIn('delivered')

  const told: Hl7Message[] = []
  const answers = ['AR', 'AA', 'AE'] as const
  const server = new MllpServer(
    { host: '127.0.0.1', port: 0 },
    {
      receiver: {
        receive: async (bytes: Buffer) => {
          const message = readMessage(bytes)
          told.push(message)
          const code = answers[told.length - 1] ?? 'AA'
          return acknowledge(
            message.header,
            { code },
            { application: 'RIS', facility: 'B', now: 0, controlId: 'x' },
          )
        },
      },
      log: silentLogger,
    },
  )
  await server.start()
  const client = new MllpClient(
    { host: '127.0.0.1', port: server.address().port },
    { clock: systemClock, log: silentLogger },
  )
  const { ground } = b
  const queue = ground.store.repository<never>('reports-out-test', { keys: 'plain-opaque' })
  const marks = ground.store.repository<true>('reports-told-test', { keys: 'plain-opaque' })
  const deps = { ...ground, queue, told: marks, client, clock: systemClock }
  const out = new ReportsOut({ hospital: 'B', retryMs: 5 }, deps)
  await out.start()
  const study = await ground.studies.studyByUid(studyInstanceUid, '90000001')
  const instances = []
  for await (const instance of ground.studies.instances(study?.handle ?? '')) instances.push(instance)
  const overlay = {
    ...{ patientId: { id: '90000001.4711', issuer: 'TWIIN:90000001' }, modifyingSystem: 'T', source: 'A' },
    ...{ accession: { number: 'ACC1', issuer: 'TWIIN:90000001' }, at: new Date(0) },
  }
  for (const _ of [1, 2]) await out.note(study as never, instances, overlay)
  await eventually(() => told.length === 2)
  const [first, second] = told
  expect(first?.header.controlId).toBe(second?.header.controlId)
  expect([second?.first('PID')?.text(3), second?.first('PID')?.text(3, 4)]).toEqual([
    '90000001.4711',
    'TWIIN:90000001',
  ])
  expect(second?.first('PID')?.text(3)).not.toBe(patient.id)
  expect([second?.first('OBR')?.text(3, 2), second?.first('OBR')?.text(25)]).toEqual(['TWIIN:90000001', 'F'])
  expect(second?.all('OBX').map((obx) => obx.text(5))).toContain('normaal')
  await out.stop()
  await client.close()
  await server.stop()
  expect(told).toHaveLength(2)
})

it('reports of one study are told in their order, silence is not counted as refusal, and a mark is what stays', async () => {
  const { a, b } = net
  const { studyInstanceUid } = await a.receive({ accessionNumber: 'ACC1' })
  for (const [at, status] of ['P', 'F'].entries())
    await a.exchange.reports.incoming.handle(oruMessage({ status, text: [status] }), { id: `${at}`, at: 0 })
  const order = { studyInstanceUids: [studyInstanceUid], recipient: { ura: '90000002' }, reason: 'x' }
  await a.exchange.sends.request(order, radiologist)
  await b.transferIn('delivered')

  const told: string[] = []
  // Silence nine times, one AR, and then it is taken.
  const client = {
    send: (bytes: Buffer) => {
      told.push(readMessage(bytes).first('OBR')?.text(25) ?? '')
      if (told.length <= 9) return Promise.reject(new TwiinError('HL7_NO_ANSWER'))
      const code = told.length === 10 ? ('AR' as const) : ('AA' as const)
      const accepted = code === 'AA'
      return Promise.resolve({ code, accepted, mayRetry: !accepted, controlId: '', error: '' } as never)
    },
  }
  const { ground } = b
  const queue = ground.store.repository<never>('reports-out-test', { keys: 'plain-opaque' })
  const marks = ground.store.repository<true>('reports-told-test', { keys: 'plain-opaque' })
  const deps = { ...ground, queue, told: marks, client, clock: systemClock }
  const out = new ReportsOut({ hospital: 'B', retryMs: 0.01 }, deps)
  const study = await ground.studies.studyByUid(studyInstanceUid, '90000001')
  const instances = []
  for await (const instance of ground.studies.instances(study?.handle ?? '')) instances.push(instance)
  instances.sort((a, b) => (b.instanceNumber ?? 0) - (a.instanceNumber ?? 0))
  const overlay = {
    patientId: { id: '4711', issuer: 'B' },
    modifyingSystem: 'T',
    source: 'A',
    at: new Date(0),
  }
  await out.note(study as never, instances, overlay)
  await out.start()
  await eventually(() => told.length === 12)
  await out.stop()
  expect(told).toEqual([...Array<string>(11).fill('P'), 'F'])
  const left: unknown[] = []
  for await (const [, item] of queue.entries()) left.push(item)
  expect(left).toEqual([])
  await out.note(study as never, instances, overlay)
  for await (const [, item] of queue.entries()) left.push(item)
  expect(left).toEqual([])
})
