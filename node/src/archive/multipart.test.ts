import { describe, expect, it } from 'vitest'
import { boundaryOf, multipart } from './multipart.ts'

const boundary = 'sneetje'
const part = (content: string) => `--${boundary}\r\nContent-Type: application/dicom\r\n\r\n${content}\r\n`

async function partsOf(body: string, chunk: number): Promise<string[]> {
  const bytes = Buffer.from(body)
  const chunks = async function* () {
    for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk)
  }
  const parts: string[] = []
  for await (const piece of multipart(chunks(), boundary)) {
    if (piece.kind === 'begin') parts.push('')
    else if (piece.kind === 'bytes') parts.push((parts.pop() ?? '') + piece.bytes.toString())
  }
  return parts
}

describe('a multipart body', () => {
  it.each([1, 2, 7, 64, 4096])('is the same parts in chunks of %i bytes', async (chunk) => {
    const body = `${part('one')}${part('\r\n--snee, not a boundary')}${part('')}--${boundary}--\r\n`
    expect(await partsOf(body, chunk)).toEqual(['one', '\r\n--snee, not a boundary', ''])
    expect(await partsOf(`preamble\r\n${body}epilogue`, chunk)).toEqual([
      'one',
      '\r\n--snee, not a boundary',
      '',
    ])
  })

  it.each([
    ['ends in the middle', `${part('one')}`],
    ['has headers without end', `--${boundary}\r\n${'x'.repeat(20_000)}`],
    ['is something else', 'nothing of the kind'],
  ])('that %s is refused', async (_, body) => {
    await expect(partsOf(body, 1000)).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' })
  })

  it('has a boundary in its media type, or is refused', () => {
    expect(boundaryOf('multipart/related; type="application/dicom"; boundary="a b"')).toBe('a b')
    expect(boundaryOf('multipart/related;boundary=abc; type=x')).toBe('abc')
    for (const type of [null, 'application/json', 'multipart/mixed; boundary=abc', 'multipart/related'])
      expect(() => boundaryOf(type)).toThrow('ARCHIVE_INVALID')
  })
})
