import { isVr, itemsOf, tagOfKeyword, vrOf } from '@twiin/dicom'
import type { Attribute, Attributes } from '@twiin/dicom'
import { passesElevenTest } from '@twiin/patient-token'
import { TwiinError } from '@twiin/runtime'

export interface QidoQuery {
  keys: Attributes
  limit: number
  offset: number
  /** What was asked and is not done, for a Warning. */
  ignored: string[]
  fuzzyAsked: boolean
}

/** Answers of one page. */
const mostAnswers = 1000
const mostParameters = 64
const longestValue = 1024
const notKeys = new Set(['limit', 'offset', 'fuzzymatching', 'includefield', 'accept', 'charset'])

const otherPatientIds = '00101000'
/** Names of who issues BSNs: as issuer, and as OID (spec 14 §6). */
const bsnIssuer = /NLMINBIZA|2\.16\.840\.1\.113883\.2\.4\.6\.3/i

/**
 * Query parameters of QIDO-RS (PS3.18 §8.3.4): attributes by tag, keyword or path (`ReferencedStudySequence.00081155`).
 * Throws `BSN_IN_URL`, `VALIDATION`.
 */
export function qidoQuery(parameters: Readonly<Record<string, unknown>>): QidoQuery {
  const given = Object.entries(parameters)
  if (given.length > mostParameters) throw new TwiinError('VALIDATION')
  refuseBsn(given)
  const keys: Attributes = new Map()
  const ignored: string[] = []
  for (const [name, value] of given) {
    if (notKeys.has(name.toLowerCase())) continue
    const path = name.split('.').map((step) => tagOf(step))
    if (path.length > 4 || path.includes(undefined)) ignored.push(name)
    else addKey(keys, path as string[], textOf(value))
  }
  const named = (name: string) => parameters[name]
  return {
    keys,
    limit: Math.min(count(named('limit'), mostAnswers), mostAnswers),
    offset: count(named('offset'), 0),
    ignored,
    fuzzyAsked: named('fuzzymatching') === 'true',
  }
}

/** A BSN travels in bodies only: addresses stand in the logs of everything between. */
function refuseBsn(given: readonly (readonly [string, unknown])[]): void {
  for (const [name, value] of given) {
    const text = String(value)
    const tag = tagOf(name.split('.').at(-1) ?? '')
    const isIssued = bsnIssuer.test(text) || bsnIssuer.test(name)
    const isLegacy =
      tag === otherPatientIds && /\d{8,9}/.test(text) && passesElevenTest(text.trim().padStart(9, '0'))
    if (isIssued || isLegacy) throw new TwiinError('BSN_IN_URL')
  }
}

function tagOf(step: string): string | undefined {
  return /^[0-9A-Fa-f]{8}$/.test(step) ? step.toUpperCase() : tagOfKeyword(step)
}

function textOf(value: unknown): string {
  // The same key twice is a list, as a comma would make it.
  const text = Array.isArray(value) ? value.map(String).join('\\') : String(value)
  if (text.length > longestValue) throw new TwiinError('VALIDATION')
  return text
}

function addKey(keys: Attributes, path: readonly string[], text: string): void {
  const [tag = '', ...rest] = path
  if (rest.length === 0) {
    keys.set(tag, keyOf(tag, text))
    return
  }
  const item: Attributes = itemsOf(keys, tag)[0] ?? new Map<string, Attribute>()
  addKey(item, rest, text)
  keys.set(tag, { vr: 'SQ', value: [item] })
}

function keyOf(tag: string, text: string): Attribute {
  const vr = isVr(vrOf(tag)) ? vrOf(tag) : 'LO'
  if (text === '') return { vr, value: [] }
  // PS3.18 §8.3.4.1: a list of UIDs is separated by commas, or by backslashes as everywhere in DICOM.
  return { vr, value: text.split(vr === 'UI' ? /[,\\]/ : '\\') }
}

function count(value: unknown, otherwise: number): number {
  if (value === undefined || value === '') return otherwise
  if (typeof value !== 'string' || !/^\d{1,9}$/.test(value)) throw new TwiinError('VALIDATION')
  return Number(value)
}
