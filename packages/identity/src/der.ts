import forge from 'node-forge'

/** Writes DER with forge. Only for what we issue: nothing that comes from the network passes through here. */
const { asn1 } = forge
export type Der = forge.asn1.Asn1

const primitive = (type: forge.asn1.Type, value: string) =>
  asn1.create(asn1.Class.UNIVERSAL, type, false, value)

export const sequence = (...values: Der[]): Der =>
  asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, values)
export const set = (...values: Der[]): Der => asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SET, true, values)
export const boolean = (value: boolean): Der => primitive(asn1.Type.BOOLEAN, value ? '\xff' : '\0')
export const nothing = (): Der => primitive(asn1.Type.NULL, '')
export const octets = (bytes: Uint8Array): Der => primitive(asn1.Type.OCTETSTRING, binary(bytes))
export const bits = (bytes: Uint8Array, unused = 0): Der =>
  primitive(asn1.Type.BITSTRING, String.fromCharCode(unused) + binary(bytes))
export const utf8 = (text: string): Der => primitive(asn1.Type.UTF8, forge.util.encodeUtf8(text))
export const printable = (text: string): Der => primitive(asn1.Type.PRINTABLESTRING, text)
export const oid = (dotted: string): Der => primitive(asn1.Type.OID, binary(oidBytes(dotted)))

/** A non-negative integer, given as a number or as big-endian bytes. */
export function integer(value: number | Uint8Array): Der {
  const hex = typeof value === 'number' ? value.toString(16) : Buffer.from(value).toString('hex')
  const shortest = hex.replace(/^0+/, '') || '0'
  const bytes = Buffer.from(shortest.padStart(shortest.length + (shortest.length % 2), '0'), 'hex')
  return primitive(
    asn1.Type.INTEGER,
    binary(bytes[0]! >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes),
  )
}

/** UTCTime through 2049, GeneralizedTime after: RFC 5280 §4.1.2.5. */
export const time = (at: Date): Der =>
  at.getUTCFullYear() < 2050
    ? primitive(asn1.Type.UTCTIME, asn1.dateToUtcTime(at))
    : primitive(asn1.Type.GENERALIZEDTIME, asn1.dateToGeneralizedTime(at))

/** Context tag `tag`: constructed around values, or primitive around bytes. */
export const tagged = (tag: number, value: Der[] | Uint8Array): Der =>
  asn1.create(
    asn1.Class.CONTEXT_SPECIFIC,
    tag,
    Array.isArray(value),
    Array.isArray(value) ? value : binary(value),
  )

/** A piece of DER of our own making, such as a key that node:crypto exported. */
export const embedded = (der: Uint8Array): Der => asn1.fromDer(binary(der))

export const toBytes = (value: Der): Uint8Array =>
  Uint8Array.from(Buffer.from(asn1.toDer(value).getBytes(), 'latin1'))

/** forge refuses arcs over 32 bits; a UUID under 2.25 (X.667) has 128. */
function oidBytes(dotted: string): Uint8Array {
  const [first = 0n, second = 0n, ...rest] = dotted.split('.').map(BigInt)
  return Uint8Array.from([first * 40n + second, ...rest].flatMap(base128))
}

function base128(arc: bigint): number[] {
  const digits = [Number(arc & 0x7fn)]
  for (let left = arc >> 7n; left > 0n; left >>= 7n) digits.unshift(Number(left & 0x7fn) | 0x80)
  return digits
}

const binary = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')
