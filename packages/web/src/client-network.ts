import { BlockList, SocketAddress } from 'node:net'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8)
loopback.addAddress('::1', 'ipv6')

/**
 * Who an address stands for when attempts are counted: the IPv4 address, or the /64 of an IPv6 address, of which one
 * subscriber has all (RFC 6177). What is no address stands for itself.
 */
export function clientNetwork(address: string): string {
  const plain = mappedIpv4(address)
  if (!plain.includes(':')) return plain
  try {
    return `${hextets(new SocketAddress({ address: plain.split('%')[0] ?? '', family: 'ipv6' }).address)}::/64`
  } catch {
    return plain
  }
}

/** Whether the call came from this machine, or through a proxy on it. */
export function isOwnMachine(address: string): boolean {
  const plain = mappedIpv4(address)
  try {
    return loopback.check(plain, plain.includes(':') ? 'ipv6' : 'ipv4')
  } catch {
    return false
  }
}

/** A socket for both families shows IPv4 clients as `::ffff:192.0.2.1`. */
export const mappedIpv4 = (address: string) => address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '')

/** The first four of eight, from the shortest notation (RFC 5952). */
function hextets(address: string): string {
  const [before = '', after] = address.split('::')
  const first = before === '' ? [] : before.split(':')
  const last = after === undefined || after === '' ? [] : after.split(':')
  const zeros = after === undefined ? 0 : 8 - first.length - last.length
  return [...first, ...Array.from({ length: zeros }, () => '0'), ...last].slice(0, 4).join(':')
}
