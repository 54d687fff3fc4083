import { expect, it } from 'vitest'
import { TrustedProxies } from './trusted-proxies.ts'

it('a proxy is trusted by its address or its network, in whatever notation it comes', () => {
  const proxies = new TrustedProxies(['192.0.2.1', '10.1.0.0/16', '2001:db8::/32', '::1'])
  const trusted = ['192.0.2.1', '::ffff:192.0.2.1', '10.1.255.255', '2001:db8:1::2', '::1']
  expect(trusted.map((address) => proxies.has(address))).not.toContain(false)
  const others = ['192.0.2.2', '10.2.0.0', '2001:db9::', '127.0.0.1', 'unknown', '', '192.0.2.1, 192.0.2.1']
  expect(others.map((address) => proxies.has(address))).not.toContain(true)
})

it.each(['', 'proxy.example', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '::/129', '10.0.0/8', '*'])(
  '"%s" is no place to trust',
  (place) => {
    expect(() => new TrustedProxies([place])).toThrow(RangeError)
  },
)
