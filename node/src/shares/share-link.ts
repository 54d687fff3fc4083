import { createHash } from 'node:crypto'
import type { FactorKind } from './share-record.ts'

/** The identifier in the address of a share (spec 25 §1): a letter for the factor, 16 random bytes as base64url. */

const letters = { sms: 's', letter: 'l', oidc: 'd' } as const
const kinds: Readonly<Record<string, FactorKind>> = { s: 'sms', l: 'letter', d: 'oidc' }
const identifier = '[sld][A-Za-z0-9_-]{22}'
const form = new RegExp(`^${identifier}$`)
const rest = new RegExp(`^(${identifier})#[A-Za-z0-9_-]{43}$`)

/** By the form alone; undefined for what no link looks like. */
export const factorOf = (link: string): FactorKind | undefined =>
  form.test(link) ? kinds[link.charAt(0)] : undefined

export const newLink = (kind: FactorKind, random: (bytes: number) => Uint8Array): string =>
  letters[kind] + Buffer.from(random(16)).toString('base64url')

export const linkHashOf = (link: string): string => createHash('sha256').update(link).digest('hex')
/** What staff see of it. */
export const shareIdOf = (linkHash: string): string => linkHash.slice(0, 32)

/** `publicUrl` has no slash at its end. */
const addressOf = (publicUrl: string) => `${publicUrl}/z/`

/** The address as it is sent: the key stands in the fragment alone. */
export const shareUrl = (publicUrl: string, link: string, key: Uint8Array): string =>
  `${addressOf(publicUrl)}${link}#${Buffer.from(key).toString('base64url')}`

/** The identifier in such an address; undefined where it is none of this node, or not whole. */
export function linkIn(publicUrl: string, url: string): string | undefined {
  const address = addressOf(publicUrl)
  return url.startsWith(address) ? rest.exec(url.slice(address.length))?.[1] : undefined
}
