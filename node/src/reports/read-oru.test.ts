import { readMessage } from '@twiin/hl7'
import { describe, expect, it } from 'vitest'
import { readOru } from './read-oru.ts'

const message = (orders: number) =>
  readMessage(
    Buffer.from(
      [
        'MSH|^~\\&|RIS|A|TWIIN|A|20260106||ORU^R01|1|P|2.5',
        'PID|1||4711^^^^PI',
        ...Array.from({ length: orders }, (_, at) => `OBR|1||F${at}|CT\rOBX|1|TX|1||normaal||||||F`),
        'IPC|ACC1||1.2.3',
      ].join('\r'),
    ),
  )

const own = { issuer: 'A', authorities: [] }

describe('a message with many orders', () => {
  it('has a report for each, with what the message says of all of them', () => {
    const reports = readOru(message(100), own)
    expect(reports).toHaveLength(100)
    expect(reports.at(-1)).toMatchObject({
      studyInstanceUid: '1.2.3',
      accessionNumbers: ['ACC1', 'F99'],
      date: '20260106',
    })
  })

  it('is refused over a hundred', () => {
    expect(() => readOru(message(101), own)).toThrow('HL7_CONTENT')
  })
})
