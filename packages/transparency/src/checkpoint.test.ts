import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  addSignatures,
  contradiction,
  parseCheckpoint,
  signCheckpoint,
  verifyCheckpoint,
} from './checkpoint.ts'
import { cosign, cosignaturesOf } from './cosignature.ts'
import { keyId, verifyEd25519 } from './ed25519.ts'
import { parseSignatureLine } from './signature-line.ts'
import { hostileNotes, lineOf, seededSigner, seededWitness } from './testing.ts'

const signer = seededSigner(1)
const origin = 'twiin.example/log'
const log = { origin, publicKey: signer.publicKey }
const root = new Uint8Array(32).fill(7)
const note = signCheckpoint({ origin, size: 5, root }, signer)
const [body = '', signatureLine = ''] = note.trimEnd().split('\n\n')
const base64 = (value: Uint8Array) => Buffer.from(value).toString('base64')
const invalid = (reason: string): unknown =>
  expect.objectContaining({ code: 'CHECKPOINT_INVALID', facts: { reason } })
const refused = (text: string) => {
  try {
    parseCheckpoint(text)
  } catch (error) {
    return error
  }
  return undefined
}

describe('a checkpoint', () => {
  it('is three lines, an empty one, and the signature of the log over the three', () => {
    expect(note).toBe(`${origin}\n5\n${base64(root)}\n\n${signatureLine}\n`)
    expect(signatureLine).toMatch(new RegExp(`^— ${origin} [A-Za-z0-9+/]{91}=$`))
    const checkpoint = verifyCheckpoint(note, log)
    expect(checkpoint).toMatchObject({ origin, size: 5, root, body: `${body}\n` })
    expect(checkpoint.signatures).toHaveLength(1)
  })

  it('of an empty log, and of the largest there can be, is read back', () => {
    for (const size of [0, 2 ** 53 - 1]) {
      expect(verifyCheckpoint(signCheckpoint({ origin, size, root }, signer), log).size).toBe(size)
    }
  })

  it.each([
    ['an empty origin', { origin: '' }],
    ['a space in its origin', { origin: 'a log' }],
    ['a plus in its origin', { origin: 'a+log' }],
    ['two lines of origin', { origin: 'a\nlog' }],
    ['a wide space in its origin', { origin: 'a\u2003log' }],
    ['half a character in its origin', { origin: 'a\ud800log' }],
    ['an origin beyond all bounds', { origin: 'x'.repeat(9000) }],
    ['a negative size', { size: -1 }],
    ['a broken size', { size: 1.5 }],
    ['a size beyond 2^53', { size: 2 ** 53 }],
    ['a root of 31 bytes', { root: root.subarray(1) }],
  ])('with %s is not signed: nobody could read it back', (_, wrong) => {
    expect(() => signCheckpoint({ origin, size: 5, root, ...wrong }, signer)).toThrow('CHECKPOINT_INVALID')
  })

  it('does not leave a signer whose signature nobody could verify', () => {
    const other = { ...signer, sign: seededSigner(2).sign }
    expect(() => signCheckpoint({ origin, size: 5, root }, other)).toThrow('CHECKPOINT_INVALID')
    const short = { ...signer, sign: () => new Uint8Array(63) }
    expect(() => signCheckpoint({ origin, size: 5, root }, short)).toThrow('CHECKPOINT_INVALID')
  })
})

describe('a note is refused', () => {
  it.each(hostileNotes(note))('%s', (_, text, reason) => {
    expect(text).not.toBe(note)
    expect(refused(text)).toEqual(invalid(reason))
  })

  it('but not with 16 signatures of anybody, of any length', () => {
    const others = Array.from(
      { length: 15 },
      (_, i) => `— other-${i} ${base64(new Uint8Array(5 + i * 20))}\n`,
    )
    expect(verifyCheckpoint(note + others.join(''), log).signatures).toHaveLength(16)
  })
})

describe('the signature of the log', () => {
  const invalidFor = (text: string, by = log) => {
    try {
      verifyCheckpoint(text, by)
    } catch (error) {
      return error
    }
    return undefined
  }

  it('is over everything above it', () => {
    expect(invalidFor(note.replace('\n5\n', '\n6\n'))).toEqual(invalid('LOG_SIGNATURE'))
    const other = note.replace(base64(root), base64(new Uint8Array(32)))
    expect(invalidFor(other)).toEqual(invalid('LOG_SIGNATURE'))
  })

  it('is of this log, by this key, of this kind', () => {
    expect(invalidFor(note, { ...log, origin: 'other.example/log' })).toEqual(invalid('OTHER_LOG'))
    const wrongKeys = [seededSigner(2).publicKey, new Uint8Array(32), new Uint8Array(31), new Uint8Array(0)]
    for (const publicKey of wrongKeys) {
      expect(invalidFor(note, { ...log, publicKey })).toEqual(invalid('LOG_SIGNATURE'))
    }
    const { keyId: id, signature } = parseSignatureLine(signatureLine)
    const otherId = Buffer.concat([id.map((byte) => byte ^ 1), signature])
    expect(invalidFor(`${body}\n\n— ${origin} ${base64(otherId)}\n`)).toEqual(invalid('LOG_SIGNATURE'))
    const cosignatureOfTheLog = cosign(parseCheckpoint(note), { ...signer, name: origin }, 1)
    expect(invalidFor(`${body}\n\n${cosignatureOfTheLog}\n`)).toEqual(invalid('LOG_SIGNATURE'))
  })

  it('is by a key of 32 bytes, and has 64 itself', () => {
    const message = Buffer.from(`${body}\n`)
    const signature = signer.sign(message)
    expect(verifyEd25519(signer.publicKey, message, signature)).toBe(true)
    expect(verifyEd25519(Uint8Array.of(...signer.publicKey, 0), message, signature)).toBe(false)
    expect(verifyEd25519(signer.publicKey.subarray(0, 31), message, signature)).toBe(false)
    expect(verifyEd25519(signer.publicKey, message, Uint8Array.of(...signature, 0))).toBe(false)
  })

  it('comes first, and no line under its name may be another one', () => {
    expect(invalidFor(`${body}\n\n${lineOf('x')}\n${signatureLine}\n`)).toEqual(invalid('LOG_SIGNATURE'))
    expect(invalidFor(`${note}${lineOf(origin)}\n`)).toEqual(invalid('LOG_SIGNATURE'))
    expect(invalidFor(`${note}${lineOf('x')}\n`)).toBeUndefined()
  })
})

describe('signatures added to a note', () => {
  const witnesses = [seededWitness(2), seededWitness(3)]
  const lines = witnesses.map((witness) => cosign(parseCheckpoint(note), witness, 100))

  it('stand behind those that were there, each once, however often they come', () => {
    const once = addSignatures(note, lines)
    expect(once).toBe(`${note}${lines.join('\n')}\n`)
    expect(addSignatures(once, [...lines, ...lines])).toBe(once)
    expect(addSignatures(addSignatures(note, [`${lines[0]}\n`]), lines.slice(1))).toBe(once)
    expect(addSignatures(note, [])).toBe(note)
  })

  it('of one witness stay the first: who signs again fills no note', () => {
    const again = Array.from({ length: 50 }, (_, i) => cosign(parseCheckpoint(note), witnesses[0]!, 200 + i))
    expect(addSignatures(addSignatures(note, lines), again)).toBe(addSignatures(note, lines))
  })

  it.each(['', 'x', '— x', `${lineOf('x')}\n\n`, `${lineOf('x')}\n${lineOf('y')}`, `${lineOf('x')}\r\n`])(
    'must be lines: %j is none',
    (line) => expect(() => addSignatures(note, [line])).toThrow('CHECKPOINT_INVALID'),
  )

  it('are at most 16, and a note that cannot be read gets none', () => {
    const many = Array.from({ length: 16 }, (_, i) => lineOf(`other-${i}`))
    expect(parseCheckpoint(addSignatures(note, many.slice(1))).signatures).toHaveLength(16)
    expect(() => addSignatures(note, many)).toThrow('TOO_MANY_SIGNATURES')
    expect(() => addSignatures(note, [lineOf('x'.repeat(8100))])).toThrow('TOO_LONG')
    expect(() => addSignatures(note, ['x'.repeat(9000)])).toThrow('TOO_LONG')
    expect(() => addSignatures(note.trimEnd(), lines)).toThrow('CHECKPOINT_INVALID')
  })
})

describe('two notes of a log contradict each other', () => {
  const other = signCheckpoint({ origin, size: 5, root: new Uint8Array(32) }, signer)
  const later = signCheckpoint({ origin, size: 6, root: new Uint8Array(32) }, signer)

  it('when it signed two roots for one size', () => {
    expect(contradiction(note, other, log)).toBe(true)
    expect(contradiction(other, note, log)).toBe(true)
    expect(contradiction(addSignatures(note, [lineOf('x')]), other, log)).toBe(true)
  })

  it('and not when sizes differ, or root and size are the same', () => {
    expect(contradiction(note, note, log)).toBe(false)
    expect(contradiction(note, addSignatures(note, [lineOf('x')]), log)).toBe(false)
    expect(contradiction(note, later, log)).toBe(false)
  })

  it('and not when somebody else made one of them', () => {
    const forged = signCheckpoint({ origin, size: 5, root: new Uint8Array(32) }, seededSigner(2))
    const elsewhere = { origin: 'other.example/log', size: 5, root: new Uint8Array(32) }
    for (const wrong of [forged, signCheckpoint(elsewhere, signer), '', note.slice(0, -1)]) {
      expect(contradiction(note, wrong, log)).toBe(false)
      expect(contradiction(wrong, note, log)).toBe(false)
    }
  })
})

describe('the notes that others made', () => {
  const { published } = JSON.parse(
    readFileSync(new URL('../../../docs/spec/vectors/checkpoint.json', import.meta.url), 'utf8'),
  ) as {
    published: {
      note: string
      log: string
      witnesses: string[]
      time: number
      example: { key: string; body: string; line: string }
    }
  }
  /** A verifier key, `<name>+<key id>+<base64: type ‖ public key>`: C2SP signed-note. */
  const verifierKey = (text: string) => {
    const [, name = '', id = '', rest = ''] = /^([^+]+)\+([^+]+)\+(.+)$/.exec(text) ?? []
    const bytes = Uint8Array.from(Buffer.from(rest, 'base64'))
    return { name, id, type: bytes[0], publicKey: bytes.subarray(1) }
  }

  it('are verified: the example of C2SP signed-note', () => {
    const { name, id, type, publicKey } = verifierKey(published.example.key)
    const line = parseSignatureLine(published.example.line)
    expect(type).toBe(1)
    expect(Buffer.from(keyId(name, 1, publicKey)).toString('hex')).toBe(id)
    expect(Buffer.from(line.keyId).toString('hex')).toBe(id)
    expect(verifyEd25519(publicKey, Buffer.from(published.example.body), line.signature)).toBe(true)
  })

  it('are verified: a checkpoint of a public log, with four public witnesses', () => {
    const { name, publicKey } = verifierKey(published.log)
    const checkpoint = verifyCheckpoint(published.note, { origin: name, publicKey })
    const witnesses = published.witnesses.map(verifierKey)
    expect(witnesses.map(({ type }) => type)).toEqual([4, 4, 4, 4])
    expect(cosignaturesOf(checkpoint, witnesses)).toEqual(
      witnesses.map((witness) => ({ name: witness.name, time: published.time })),
    )
  })
})
