import { lookup } from 'node:dns/promises'
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

/** What listens on this machine only, such as an administration page, trusts whoever reaches it. */
const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8)
loopback.addAddress('::1', 'ipv6')

const families = { dns: 0, dns4: 4, dns6: 6 } as const
/** Of one name; a name with more has enough in these. */
const mostPerName = 4

/** All addresses of a name, of this family (0: either). Rejects when there are none. */
export type LookUp = (name: string, family: 0 | 4 | 6) => Promise<readonly string[]>

/** Asks the system, and so `/etc/hosts` as well as DNS. */
export const systemLookUp: LookUp = async (name, family) =>
  (await lookup(name, { all: true, family })).map(({ address }) => address)

export interface DialPolicy {
  /** Whether addresses of this machine itself are dialled: for networks that run on one, as demos and tests do. */
  loopback: boolean
}

/** spec 00 §2: `/ip4|ip6|dns|dns4|dns6/…/tcp/…`, optionally `/p2p/…` behind it. A name is judged when it is resolved. */
export function isDialable(address: Multiaddr, policy: DialPolicy): boolean {
  const host = hostOf(address)
  return host !== undefined && (isName(host) || isIpDialable(host, policy))
}

/** The same of what is about to be dialled, which is an IP address: a name could mean another one the next time. */
export function mayDial(address: Multiaddr, policy: DialPolicy): boolean {
  const host = hostOf(address)
  return host !== undefined && !isName(host) && isIpDialable(host, policy)
}

/** Whether this machine itself is meant. */
export function isLoopback(address: Multiaddr): boolean {
  const host = hostOf(address)
  return host !== undefined && (host.name === 'ip4' || host.name === 'ip6') && isIn(loopback, host)
}

/** Puts the IP addresses of a name in its place, unjudged. None when the name has none. */
export function nameResolver(deps: { lookUp: LookUp }) {
  return {
    canResolve: (address: Multiaddr) => {
      const [host] = address.getComponents()
      return host !== undefined && isName(host)
    },
    resolve: async (address: Multiaddr): Promise<Multiaddr[]> => {
      const host = hostOf(address)
      if (host === undefined || !isName(host)) return []
      const found = await deps.lookUp(host.value, families[host.name]).catch(() => [])
      const [, ...rest] = address.getComponents()
      const behind = rest.map(({ name, value }) => `/${name}/${value}`).join('')
      return found
        .slice(0, mostPerName)
        .map((ip) => multiaddr(`/${ip.includes(':') ? 'ip6' : 'ip4'}/${ip}${behind}`))
    },
  }
}

/** The addresses of `peerId` that may be dialled, each with its `/p2p` part so that nobody else can answer. At most 8. */
export function dialableAddresses(
  addresses: readonly string[],
  peerId: string,
  policy: DialPolicy,
): Multiaddr[] {
  const result = new Map<string, Multiaddr>()
  for (const text of addresses) {
    const address = parse(text, peerId)
    if (address !== undefined && isDialable(address, policy)) result.set(address.toString(), address)
  }
  return [...result.values()].slice(0, 8)
}

type Host = { name: 'ip4' | 'ip6' | keyof typeof families; value: string }

/** The host of an address in the one form of spec 00 §2; undefined for any other. */
function hostOf(address: Multiaddr): Host | undefined {
  const [host, port, peer, ...more] = address.getComponents()
  if (host?.value === undefined || port?.name !== 'tcp' || port.value === '0' || more.length > 0)
    return undefined
  if (peer !== undefined && peer.name !== 'p2p') return undefined
  const { name, value } = host
  return name === 'ip4' || name === 'ip6' || name === 'dns' || name === 'dns4' || name === 'dns6'
    ? { name, value }
    : undefined
}

function isName(host: { name: string }): host is Host & { name: keyof typeof families } {
  return Object.hasOwn(families, host.name)
}

const isIpDialable = (host: Host, policy: DialPolicy) =>
  !isIn(refused, host) && (policy.loopback || !isIn(loopback, host))

const isIn = (list: BlockList, { name, value }: Host) => list.check(value, name === 'ip6' ? 'ipv6' : 'ipv4')

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
