import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { encodePdu } from './upper-layer/pdu.ts'
import type { PduType } from './upper-layer/pdu.ts'
import {
  CollectingProvider,
  RawPeer,
  associateRequest,
  dataPdu,
  echoCommand,
  pdv,
  startServer,
  storeCommand,
} from './testing.ts'

const uncaught: unknown[] = []
const note = (error: unknown) => void uncaught.push(error)
beforeAll(() => void process.on('uncaughtException', note).on('unhandledRejection', note))
afterAll(() => void process.off('uncaughtException', note).off('unhandledRejection', note))

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array))
const anyPdu = fc
  .tuple(fc.integer({ min: 0, max: 9 }), bytes(200))
  .map(([type, body]) => encodePdu(type as PduType, body))
const anyPdv = fc.tuple(
  fc.constantFrom(1, 3, 5),
  fc.nat(3),
  fc.oneof(bytes(100), fc.constant(storeCommand())),
)
const anyData = fc
  .array(anyPdv, { maxLength: 4 })
  .map((values) => dataPdu(...values.map((value) => pdv(...value))))
const damaged = fc
  .tuple(fc.constantFrom(associateRequest(), dataPdu(pdv(1, 3, echoCommand))), fc.nat(), fc.nat(255))
  .map(([pdu, at, value]) => {
    const copy = Buffer.from(pdu)
    copy[at % copy.length] = value
    return copy
  })
const conversation = fc.array(fc.oneof(anyPdu, anyData, damaged, bytes(30)), { minLength: 1, maxLength: 5 })

it('whatever is sent, the server neither falls nor hangs, and echoes for the next caller', async () => {
  const provider = new CollectingProvider()
  await using server = await startServer(provider, {
    timeouts: { artimMs: 50, idleMs: 50, pduMs: 50, closeMs: 50 },
  })
  await fc.assert(
    fc.asyncProperty(fc.boolean(), conversation, async (associated, messages) => {
      const peer = await RawPeer.connect(server.port)
      peer.send(Buffer.concat(associated ? [associateRequest(), ...messages] : messages))
      await peer.lastWords() // ends only when the server closes
    }),
    { numRuns: 150 },
  )
  await using association = await server.open()
  expect(await association.echo()).toBe(0)
  expect(uncaught).toEqual([])
})
