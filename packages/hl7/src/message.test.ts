import { describe, expect, it } from 'vitest'
import {
  acknowledge,
  escapeText,
  readAcknowledgement,
  readHeader,
  readMessage,
  writeMessage,
} from './index.ts'
import type { Segment } from './index.ts'

const msh = (rest = '') => `MSH|^~\\&|ZIS|A|TWIIN|A|20260105||ADT^A08^ADT_A01|M1|P|2.5|||||NLD|${rest}\r`
const read = (text: string, encoding: BufferEncoding = 'utf8') => readMessage(Buffer.from(text, encoding))
const at = { application: 'TWIIN', facility: 'A', now: Date.UTC(2026, 0, 5, 12), controlId: 'T1' }

describe('a message', () => {
  const pid =
    'PID|1||4711^^^ZIS~999990019^^^NLMINBIZA^NNNLD||van der Meer&van der&Meer^Jan\\T\\Zoë^^^^^L~""||19600203|M||||||||\r'

  it('is read by segment, field, repetition, component and subcomponent, escapes undone', () => {
    const message = read(msh('8859/1') + pid, 'latin1')
    expect(message.type).toBe('ADT^A08')
    const segment = message.required('PID')
    expect(segment.repetitions(3).map((id) => [id.text(), id.text(4)])).toEqual([
      ['4711', 'ZIS'],
      ['999990019', 'NLMINBIZA'],
    ])
    expect([segment.text(5, 1, 3), segment.text(5, 2), segment.text(7)]).toEqual([
      'Meer',
      'Jan&Zoë',
      '19600203',
    ])
    expect(segment.repetitions(5)[1]?.text()).toBe('')
    expect(segment.text(99)).toBe('')
  })

  it('may bring its own separators', () => {
    const message = read('MSH$*!?#$ZIS$A$$$$$ADT*A08$M1$P$2.5\rPID$1$$47?S?11*7!8\r')
    expect(
      message
        .first('PID')
        ?.repetitions(3)
        .map((id) => [id.text(), id.text(2)]),
    ).toEqual([
      ['47*11', '7'],
      ['8', ''],
    ])
  })

  it.each([
    ['\\F\\\\S\\\\T\\\\R\\\\E\\', '|^&~\\'],
    ['a\\.br\\b', 'a\nb'],
    ['\\H\\vet\\N\\', 'vet'],
    ['\\X4A616E\\', 'Jan'],
    ['50\\% of \\Z1\\ more', '50\\% of \\Z1\\ more'],
    ['open\\', 'open\\'],
  ])('says %s where %s is meant', (written, meant) => {
    expect(
      read(`${msh('UNICODE UTF-8')}OBX|1|TX|||${written}\r`)
        .first('OBX')
        ?.text(5),
    ).toBe(meant)
  })

  it.each([
    ['8859/1', 'latin1'],
    ['ISO-8859-1', 'latin1'],
    ['UNICODE UTF-8', 'utf8'],
    ['UTF-8', 'utf8'],
    ['', 'utf8'],
    ['', 'latin1'],
  ] as const)('in the set %s keeps its letters, sent as %s', (set, encoding) => {
    const message = read(`${msh(set)}PID|1||1||Müller^Zoë\r`, encoding)
    expect(message.first('PID')?.text(5)).toBe('Müller')
  })

  it('keeps letters that are not Latin', () => {
    expect(
      read(`${msh('UNICODE UTF-8')}PID|1||1||Ямада^山田\r`)
        .first('PID')
        ?.text(5, 2),
    ).toBe('山田')
    const greek = Buffer.concat([
      Buffer.from(`${msh('8859/7')}PID|1||1||`),
      Buffer.from([0xc1, 0xe2]),
      Buffer.from('\r'),
    ])
    expect(readMessage(greek).first('PID')?.text(5)).toBe('Αβ')
  })

  it.each([
    ['a set nobody reads', msh('ISO IR87'), 'HL7_CHARSET_UNKNOWN'],
    ['two sets', msh('8859/1~8859/5'), 'HL7_CHARSET_UNKNOWN'],
    ['UTF-8 that is none', `${msh('UNICODE UTF-8')}PID|1||1||M\u00fcller\r`, 'HL7_CHARSET_WRONG'],
    ['ASCII that is none', `${msh('ASCII')}PID|1||1||M\u00fcller\r`, 'HL7_CHARSET_WRONG'],
    ['no header', 'PID|1\r', 'HL7_UNREADABLE'],
    ['letters for separators', 'MSH|abcd|\r', 'HL7_UNREADABLE'],
    ['one separator twice', 'MSH|^^\\&|\r', 'HL7_UNREADABLE'],
    ['a line that is no segment', `${msh()}what is this\r`, 'HL7_CONTENT'],
    ['a second header', msh() + msh(), 'HL7_CONTENT'],
    ['no end of segments', msh() + 'PID|1\r'.repeat(20_001), 'HL7_CONTENT'],
  ])('with %s is refused', (_what, text, code) => {
    expect(() => read(text, 'latin1')).toThrow(code)
  })

  it('of nothing but separators costs no more than its bytes', () => {
    const began = performance.now()
    const message = read(`${msh()}PID|${'~^&|'.repeat(1 << 20)}\r`)
    expect(message.first('PID')?.text(5)).toBe('')
    expect(() =>
      read(`${msh()}PID|1||${'1~'.repeat(1 << 18)}\r`)
        .first('PID')
        ?.repetitions(3),
    ).toThrow('HL7_CONTENT')
    for (const [what, refused] of [
      ['~', (pid: Segment | undefined) => pid?.repetitions(3)],
      ['\\', (pid: Segment | undefined) => pid?.text(3)],
    ] as const) {
      const pid = read(`${msh()}PID|1||${what.repeat(15 << 20)}\r`).first('PID')
      const before = process.cpuUsage()
      expect(() => refused(pid)).toThrow('HL7_CONTENT')
      const { user, system } = process.cpuUsage(before)
      expect((user + system) / 1000).toBeLessThan(400) // milliseconds, the garbage collector's too
    }
    expect(performance.now() - began).toBeLessThan(5000)
  })

  it('that we write is read back as it was meant', () => {
    const fields = { 3: 'a|b', 5: [['x&', 'y^'], 'z~'], 7: { repeat: ['line\r\nnext', ['1', '2']] } } as const
    const written = writeMessage(
      {
        ...{ sendingApplication: 'TWIIN', sendingFacility: 'Ziekenhuis | A', receivingApplication: 'RIS' },
        ...{ receivingFacility: 'B', type: ['ORU', 'R01', 'ORU_R01'], controlId: 'X1', now: at.now },
      },
      [['OBX', fields]],
    )
    const message = readMessage(written)
    expect([message.header.sendingFacility, message.type]).toEqual(['Ziekenhuis | A', 'ORU^R01'])
    const obx = message.required('OBX')
    expect([obx.text(3), obx.text(5, 1, 1), obx.text(5, 1, 2), obx.text(5, 2)]).toEqual([
      'a|b',
      'x&',
      'y^',
      'z~',
    ])
    expect(obx.repetitions(7).map((one) => [one.text(1), one.text(2)])).toEqual([
      ['line\nnext', ''],
      ['1', '2'],
    ])
    expect(escapeText('a\u001cb')).toBe('a b')
  })
})

describe('an acknowledgement', () => {
  it('goes back to who sent, about which message, and why not', () => {
    const { header } = readHeader(Buffer.from(msh('8859/1')))
    const ack = acknowledge(
      header,
      { code: 'AE', error: 101, location: 'PID^1^3', characterSet: '8859/1' },
      at,
    )
    expect(ack.toString('latin1').split('\r')).toEqual([
      'MSH|^~\\&|TWIIN|A|ZIS|A|20260105120000+0000||ACK^A08^ACK|T1|P|2.5||||||8859/1',
      'MSA|AE|M1|Required field missing',
      'ERR||PID^1^3|101^Required field missing^HL70357|E',
      '',
    ])
    expect(readAcknowledgement(ack)).toEqual({
      ...{ code: 'AE', accepted: false, mayRetry: false, controlId: 'M1', error: '101' },
    })
  })

  it('of an old version has its error where that version has it', () => {
    const old = msh().replace('|2.5|', '|2.3|')
    const ack = acknowledge(
      readHeader(Buffer.from(old)).header,
      { code: 'AR', error: 201, location: 'MSH^1^9' },
      at,
    )
    expect(ack.toString('latin1')).toContain('\rERR|MSH^1^9^201&Unsupported event code&HL70357\r')
    expect(readAcknowledgement(ack)).toMatchObject({ mayRetry: true, error: '201' })
  })

  it('repeats a control id with letters in it so that its sender knows it', () => {
    const text = msh('8859/1').replace('M1', 'Zoë\\T\\1')
    const { header, characterSet } = readMessage(Buffer.from(text, 'latin1'))
    const ack = acknowledge(header, { code: 'AA', characterSet }, at)
    expect(ack.includes(Buffer.from('MSA|AA|Zoë\\T\\1\r', 'latin1'))).toBe(true)
  })
})
