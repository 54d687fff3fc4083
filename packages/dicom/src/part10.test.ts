import { expect, test } from 'vitest'
import { isUid, part10Header, readPart10Meta, transferSyntax } from './index.ts'

const meta = {
  sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
  sopInstanceUid: '2.25.1234567',
  transferSyntaxUid: transferSyntax.explicitBigEndian,
}

test('a header reads back, whatever follows it', () => {
  const header = part10Header({ ...meta, sourceAe: 'MODALITY1' })
  const bigEndianDataSet = Buffer.from([0, 8, 0, 5])
  expect(readPart10Meta(Buffer.concat([header, bigEndianDataSet]))).toEqual({
    ...meta,
    dataSetOffset: header.length,
  })
  expect(header.readUInt32LE(140)).toBe(header.length - 144)
})

test('the preamble is empty, so that the file cannot also be a program', () => {
  expect(part10Header(meta).subarray(0, 128)).toEqual(Buffer.alloc(128))
})

test('a header that is cut off, missing or without UIDs is refused with the reason', () => {
  const header = part10Header(meta)
  expect(() => readPart10Meta(header.subarray(0, 100))).toThrow('no DICM')
  expect(() => readPart10Meta(Buffer.alloc(1000))).toThrow('no DICM')
  expect(() => readPart10Meta(header.subarray(0, header.length - 3))).toThrow('cut off')
  expect(() => readPart10Meta(part10Header({ ...meta, sopInstanceUid: '../../etc' }))).toThrow(
    'SOP instance UID',
  )
})

test('a UID is digits and single dots, 64 characters at most', () => {
  expect(['1', '1.2.840', '2.25.0', '1.02'].every(isUid)).toBe(true)
  expect(['', '.', '1.', '.1', '1..2', '1/2', '1.2a', '1\n', '1'.repeat(65)].some(isUid)).toBe(false)
})
