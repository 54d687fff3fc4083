/**
 * Stored values are JSON, so that any later version and any engineer can read them once unsealed. JSON has no bytes:
 * a Uint8Array stands as `{"$bytes": base64}`, and a key of our own that begins with `$` gets one more.
 * Fields that are undefined are left out. Throws on what JSON would silently change (NaN, dates, maps, bigints).
 */
export function encodeValue(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(toTagged(value)))
}

export function decodeValue(bytes: Uint8Array): unknown {
  return fromTagged(JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')))
}

function toTagged(value: unknown): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (value instanceof Uint8Array) {
    return { $bytes: Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64') }
  }
  if (Array.isArray(value)) return value.map(toTagged)
  if (typeof value === 'object' && isPlain(value)) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, field]) => field !== undefined)
        .map(([key, field]) => [key.startsWith('$') ? `$${key}` : key, toTagged(field)]),
    )
  }
  throw new TypeError(`cannot be stored: ${typeof value}`)
}

function fromTagged(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromTagged)
  if (typeof value !== 'object' || value === null) return value
  if ('$bytes' in value && typeof value.$bytes === 'string') return Buffer.from(value.$bytes, 'base64')
  // fromEntries defines, it does not assign: a stored `__proto__` stays a plain field
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [
      key.startsWith('$') ? key.slice(1) : key,
      fromTagged(field),
    ]),
  )
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
