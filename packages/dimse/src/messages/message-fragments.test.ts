import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CommandAssembler, MessageFragmenter } from './message-fragments.ts'
import { decodePdvs } from '../upper-layer/pdu.ts'
import { pattern } from '../testing.ts'

async function cut(bytes: Buffer, peerMaxPduLength: number, cuts: readonly number[] = []): Promise<Buffer[]> {
  const pdus: Buffer[] = []
  const write = async (pdu: Buffer) => void pdus.push(pdu)
  const fragmenter = new MessageFragmenter({ contextId: 3, isCommand: false, peerMaxPduLength }, { write })
  const ends = [...cuts.map((at) => at % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  let start = 0
  for (const end of ends) {
    await fragmenter.write(bytes.subarray(start, end))
    start = end
  }
  await fragmenter.end()
  return pdus
}

describe('a message cut into PDUs', () => {
  it('comes back identical, in PDUs no longer than the peer takes, only the last one marked', async () => {
    const sizes = fc.integer({ min: 0, max: 3000 })
    const limits = fc.integer({ min: 128, max: 1200 })
    await fc.assert(
      fc.asyncProperty(sizes, limits, fc.array(fc.nat(5000), { maxLength: 6 }), async (size, limit, cuts) => {
        const bytes = pattern(size)
        const pdus = await cut(bytes, limit, cuts)
        const values = pdus.flatMap((pdu) => decodePdvs(pdu.subarray(6)))
        expect(Buffer.concat(values.map(({ fragment }) => fragment)).equals(bytes)).toBe(true)
        expect(
          pdus.every((pdu) => pdu.length === pdu.readUInt32BE(2) + 6 && pdu.readUInt32BE(2) <= limit),
        ).toBe(true)
        expect(values.map(({ isLast }) => isLast)).toEqual(
          values.map((_, index) => index === values.length - 1),
        )
        expect(
          values.slice(0, -1).every(({ fragment }) => fragment.length % 2 === 0 && fragment.length > 0),
        ).toBe(true)
      }),
    )
  })

  it('that fills a PDU exactly has no empty one after it', async () => {
    expect(await cut(pattern(4090), 4096)).toHaveLength(1)
    expect(await cut(pattern(4091), 4096)).toHaveLength(2)
  })

  it('goes in PDUs of 256 KiB to a peer without a limit', async () => {
    const lengths = (await cut(pattern(600_000), 0)).map((pdu) => pdu.readUInt32BE(2))
    expect(lengths).toEqual([262144, 262144, 600_000 - 2 * 262138 + 6])
  })
})

describe('a command put together', () => {
  const value = (contextId: number, length: number, isLast = false) => ({
    contextId,
    isCommand: true,
    isLast,
    fragment: pattern(length),
  })

  it('is whole with its last fragment', () => {
    const assembler = new CommandAssembler({ maxBytes: 100 })
    expect(assembler.add(value(1, 10))).toBeUndefined()
    expect(assembler.pending).toBe(true)
    expect(assembler.add(value(1, 5, true))).toHaveLength(15)
    expect(assembler.pending).toBe(false)
  })

  it('is refused when too long, empty in parts, or spread over two contexts', () => {
    const begun = () => {
      const assembler = new CommandAssembler({ maxBytes: 100 })
      assembler.add(value(1, 60))
      return assembler
    }
    expect(() => begun().add(value(1, 41))).toThrow('COMMAND_TOO_LONG')
    expect(() => begun().add(value(1, 0))).toThrow('COMMAND_TOO_LONG')
    expect(() => begun().add(value(3, 10))).toThrow('PDU_UNEXPECTED')
  })
})
