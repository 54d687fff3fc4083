import { BlockList } from 'node:net'
import type { Multiaddr } from '@multiformats/multiaddr'
import { multiaddr } from '@multiformats/multiaddr'

/** Addresses nobody may make us dial: this network, link-local (cloud metadata), multicast, broadcast. */
const refused = new BlockList()
refused.addSubnet('0.0.0.0', 8)
refused.addSubnet('169.254.0.0', 16)
refused.addSubnet('224.0.0.0', 3)
refused.addAddress('::', 'ipv6')
refused.addSubnet('fe80::', 10, 'ipv6')
refused.addSubnet('ff00::', 8, 'ipv6')

const hosts = new Set(['ip4', 'ip6', 'dns', 'dns4', 'dns6'])

/** spec 00 §2: `/ip4|ip6|dns|dns4|dns6/…/tcp/…`, optionally `/p2p/…` behind it, and nothing else is dialled. */
export function isDialable(address: Multiaddr): boolean {
  const [host, port, peer, ...more] = address.getComponents()
  if (host === undefined || port?.name !== 'tcp' || more.length > 0) return false
  if (peer !== undefined && peer.name !== 'p2p') return false
  if (!hosts.has(host.name) || host.value === undefined || port.value === '0') return false
  if (host.name === 'ip4') return !refused.check(host.value, 'ipv4')
  if (host.name === 'ip6') return !refused.check(host.value, 'ipv6')
  return true
}

/** The addresses of `peerId` that may be dialled, each with its `/p2p` part so that nobody else can answer. At most 8. */
export function dialableAddresses(addresses: readonly string[], peerId: string): Multiaddr[] {
  const result = new Map<string, Multiaddr>()
  for (const text of addresses) {
    const address = parse(text, peerId)
    if (address !== undefined && isDialable(address)) result.set(address.toString(), address)
  }
  return [...result.values()].slice(0, 8)
}

function parse(text: string, peerId: string): Multiaddr | undefined {
  try {
    const address = multiaddr(text)
    const peer = address.getComponents().find((component) => component.name === 'p2p')?.value
    if (peer === undefined) return address.encapsulate(`/p2p/${peerId}`)
    return peer === peerId ? address : undefined
  } catch {
    return undefined
  }
}
