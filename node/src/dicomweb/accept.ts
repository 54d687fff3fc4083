/** Which media types a client takes (RFC 9110 §12.5.1, PS3.18 §8.3 and §8.7). */

export interface MediaRange {
  /** `application/dicom`, `image/*`, `*\/*`, lower case; of a multipart: the type of its parts. */
  type: string
  /** Parts of one answer (`multipart/related`), or a single body, or whichever fits. */
  shape: 'multipart' | 'single' | 'any'
  /** The parameter as it was given: a UID, `*`, or undefined. */
  transferSyntax: string | undefined
  q: number
}

/** More than any client sends; each costs a comparison with each form on offer. */
const maxRanges = 32
const maxLength = 4096

/** In order of preference. What makes no sense is left out; undefined when that is all, or when it is absurdly long. */
export function parseAccept(header: string | undefined): MediaRange[] | undefined {
  if (header === undefined || header.trim() === '') return [anything]
  if (header.length > maxLength) return undefined
  const ranges = splitOutsideQuotes(header, ',').slice(0, maxRanges).flatMap(parseRange)
  const wanted = ranges.filter(({ q }) => q > 0)
  return wanted.length === 0 ? undefined : wanted.sort((a, b) => b.q - a.q)
}

const anything: MediaRange = { type: '*/*', shape: 'any', transferSyntax: undefined, q: 1 }
const mediaType = /^[a-z0-9!#$&^_.+*-]{1,64}\/[a-z0-9!#$&^_.+*-]{1,64}$/

function parseRange(text: string): MediaRange[] {
  const [name = '', ...parameters] = splitOutsideQuotes(text, ';')
  const type = name.trim().toLowerCase()
  if (!mediaType.test(type)) return []
  const values = new Map(parameters.map(parseParameter))
  const q = Number(values.get('q') ?? 1)
  if (!(q >= 0 && q <= 1)) return []
  const transferSyntax = values.get('transfer-syntax')
  if (transferSyntax !== undefined && !/^(\*|[0-9.]{1,64})$/.test(transferSyntax)) return []
  if (type === '*/*') return [{ ...anything, transferSyntax, q }]
  if (type !== 'multipart/related') return [{ type, shape: 'single', transferSyntax, q }]
  const ofParts = (values.get('type') ?? '*/*').toLowerCase()
  return mediaType.test(ofParts) ? [{ type: ofParts, shape: 'multipart', transferSyntax, q }] : []
}

function parseParameter(text: string): [string, string] {
  const at = text.indexOf('=')
  const value = text.slice(at + 1).trim()
  const plain = value.startsWith('"') && value.endsWith('"') && value.length > 1 ? value.slice(1, -1) : value
  return [text.slice(0, Math.max(at, 0)).trim().toLowerCase(), plain]
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  const pieces: string[] = []
  let start = 0
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '"') quoted = !quoted
    if (text[i] !== separator || quoted) continue
    pieces.push(text.slice(start, i))
    start = i + 1
  }
  return [...pieces, text.slice(start)]
}

/** A form in which something can be answered. */
export interface Offer {
  type: string
  shape: 'multipart' | 'single'
  /** Of what is answered; undefined for what has none (JSON, a picture). */
  transferSyntax?: string
  /** Only for who names the transfer syntax, or says that any will do. */
  onlyByName?: true
}

/** The first offer that the most wanted range takes; undefined: 406. */
export function choose<O extends Offer>(
  ranges: readonly MediaRange[] | undefined,
  offers: readonly O[],
): O | undefined {
  for (const range of ranges ?? []) {
    const offer = offers.find((one) => takes(range, one))
    if (offer !== undefined) return offer
  }
  return undefined
}

function takes({ type, shape, transferSyntax }: MediaRange, offer: Offer): boolean {
  if (shape !== 'any' && shape !== offer.shape) return false
  const [group] = offer.type.split('/')
  if (type !== '*/*' && type !== offer.type && type !== `${group}/*`) return false
  if (transferSyntax === undefined || offer.transferSyntax === undefined) return offer.onlyByName !== true
  return transferSyntax === '*' || transferSyntax === offer.transferSyntax
}
