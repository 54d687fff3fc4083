import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isTwiinError } from '@twiin/runtime'
import { decodeCommand, encodeCommand } from './command-set.ts'
import { storeCommand } from '../testing.ts'

const malformed = expect.objectContaining({ code: 'COMMAND_MALFORMED' }) as Error
const element = (number: string, value: string) =>
  `0000${number}${Buffer.of(value.length / 2).toString('hex')}000000${value}`
const decodeHex = (...elements: string[]) => decodeCommand(Buffer.from(elements.join(''), 'hex'))

describe('command set', () => {
  it('is the C-ECHO-RQ that other implementations send, byte for byte', () => {
    const hex = [
      '00000000' + '04000000' + '38000000',
      '00000200' + '12000000' + Buffer.from('1.2.840.10008.1.1\0').toString('hex'),
      '00000001' + '02000000' + '3000',
      '00001001' + '02000000' + '0100',
      '00000008' + '02000000' + '0101',
    ].join('')
    const echo = {
      affectedSopClassUid: '1.2.840.10008.1.1',
      commandField: 0x30,
      messageId: 1,
      hasDataSet: false,
    }
    expect(encodeCommand(echo).toString('hex')).toBe(hex)
    expect(decodeHex(hex)).toEqual(echo)
  })

  it('passes over elements it does not know', () => {
    expect(decodeHex(element('0001', '0100'), element('0008', '0101'), element('3020', '4142'))).toEqual({
      commandField: 1,
      hasDataSet: false,
    })
  })

  it('passes over what belongs in a data set, as Orthanc puts it behind a response', () => {
    const list = '08005800' + '06000000' + Buffer.from('1.2.3\0').toString('hex')
    expect(decodeHex(element('0001', '1080'), element('0008', '0101'), list)).toEqual({
      commandField: 0x8010,
      hasDataSet: false,
    })
  })

  it('leaves out a UID with anything but digits and dots', () => {
    const uid = (text: string) =>
      decodeCommand(storeCommand({ affectedSopInstanceUid: text })).affectedSopInstanceUid
    expect(uid('1.2.3')).toBe('1.2.3')
    expect(uid('../../../../etc/passwd')).toBeUndefined()
    expect(uid('1'.repeat(65))).toBeUndefined()
    expect(uid('')).toBeUndefined()
  })

  it.each([
    ['a group other than 0000', ['08000500' + '02000000' + '4142']],
    ['elements out of order', [element('0008', '0101'), element('0001', '0100')]],
    ['an element twice', [element('0001', '0100'), element('0001', '0100'), element('0008', '0101')]],
    ['a value that runs out', [element('0001', '0100'), '00000008' + 'ff000000' + '0101']],
    ['half a header', [element('0001', '0100'), element('0008', '0101'), '000000']],
    ['no command field', [element('0008', '0101')]],
    ['no data set type', [element('0001', '0100')]],
    ['a number of four bytes', [element('0001', '01000000'), element('0008', '0101')]],
  ])('with %s is refused', (_name, elements) => {
    expect(() => decodeHex(...elements)).toThrow(malformed)
  })

  it('made of any bytes is refused or read, nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeCommand(Buffer.from(bytes))
        } catch (error) {
          expect(isTwiinError(error, 'COMMAND_MALFORMED')).toBe(true)
        }
      }),
    )
  })
})
