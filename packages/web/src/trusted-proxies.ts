import { BlockList, isIP } from 'node:net'
import { mappedIpv4 } from './client-network.ts'

/** Proxies whose word about where a client comes from is taken: by address or network (CIDR). */
export class TrustedProxies {
  readonly #list = new BlockList()

  /** Throws a RangeError for what is neither an address nor a network. */
  constructor(places: readonly string[]) {
    for (const place of places) {
      const [address = '', bits, ...more] = place.split('/')
      const family = isIP(address)
      const longest = family === 6 ? 128 : 32
      const prefix = bits === undefined ? longest : /^\d{1,3}$/.test(bits) ? Number(bits) : NaN
      if (family === 0 || more.length > 0 || !(prefix <= longest))
        throw new RangeError(`not an address or network: ${place.slice(0, 100)}`)
      this.#list.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4')
    }
  }

  /** What is no address is not trusted: it may stand in a header that a stranger wrote. */
  has(address: string): boolean {
    const plain = mappedIpv4(address)
    const family = isIP(plain)
    return family !== 0 && this.#list.check(plain, family === 6 ? 'ipv6' : 'ipv4')
  }
}
