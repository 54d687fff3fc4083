import { describe, expect, test } from 'vitest'
import { decodeText, encodeText, parseCharacterSets } from './character-set.ts'
import { readPart10Meta } from './part10.ts'
import { readInstanceHead } from './read-instance-head.ts'
import { pydicomFiles } from './testing.ts'

/** As pydicom itself decodes them. */
const names: Record<string, string> = {
  'chrArab.dcm': 'قباني^لنزار',
  'chrFren.dcm': 'Buc^Jérôme',
  'chrFrenMulti.dcm': 'Buc^Jérôme',
  'chrGerm.dcm': 'Äneas^Rüdiger',
  'chrGreek.dcm': 'Διονυσιος',
  'chrH31.dcm': 'Yamada^Tarou=山田^太郎=やまだ^たろう',
  'chrH32.dcm': 'ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう',
  'chrHbrw.dcm': 'שרון^דבורה',
  'chrI2.dcm': 'Hong^Gildong=洪^吉洞=홍^길동',
  'chrJapMulti.dcm': 'やまだ^たろう',
  'chrJapMultiExplicitIR6.dcm': 'やまだ^たろう',
  'chrKoreanMulti.dcm': '김희중',
  'chrRuss.dcm': 'Люкceмбypг',
  'chrX1.dcm': 'Wang^XiaoDong=王^小東',
  'chrX2.dcm': 'Wang^XiaoDong=王^小东',
}

const files = pydicomFiles('charset_files').filter(({ name }) => name in names)

describe.skipIf(files.length === 0)('names in every character set (needs python3-pydicom)', () => {
  test.each(files)('$name', async ({ name, bytes }) => {
    const { transferSyntaxUid, dataSetOffset } = readPart10Meta(bytes)
    const head = await readInstanceHead({
      transferSyntaxUid,
      head: bytes.subarray(dataSetOffset),
      complete: true,
    })
    expect(head.patientName).toBe(names[name])
  })
})

const sets = (text: string) => parseCharacterSets(Buffer.from(text))

test('both halves go back to the initial sets at a delimiter, but not inside a set of pairs', () => {
  // PS3.5 §6.1.2.5.3; 0x3d ("=") is the first half of the kanji, 0x5e ("^") the second of the next.
  const kanji = Buffer.from('\x1b$B\x3d\x3b\x3b\x5e\x1b(B^\x1b-F\xe1^\xe1', 'latin1')
  expect(decodeText(kanji, sets('\\ISO 2022 IR 87'), 'name')).toBe('住枝^α^á')
})

test('latin 1 is latin 1, not windows-1252', () => {
  expect(decodeText(Uint8Array.of(0x80, 0xe9), sets('ISO_IR 100'), 'text')).toBe('\x80é')
})

test('an unknown, empty or missing set reads as latin 1, an impossible byte as U+FFFD', () => {
  expect(decodeText(Buffer.from('é', 'latin1'), sets('KLINGON'), 'text')).toBe('é')
  expect(decodeText(Buffer.from('é', 'latin1'), [], 'text')).toBe('é')
  expect(decodeText(Uint8Array.of(0xff), sets('ISO_IR 192'), 'text')).toBe('\ufffd')
})

test('text is written in the set of the data set, without accents where it has none', () => {
  expect(encodeText('Zénith', sets('ISO_IR 192'))).toEqual(Buffer.from('Zénith'))
  expect(encodeText('Zénith', sets('ISO_IR 100'))).toEqual(Buffer.from('Zénith', 'latin1'))
  expect(encodeText('Zénith 王', sets('ISO 2022 IR 6\\ISO 2022 IR 87'))).toEqual(Buffer.from('Zenith ?'))
})
