import { expect, it } from 'vitest'
import { clientNetwork, isOwnMachine } from './client-network.ts'

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['2001:db8::192.0.2.1', '2001:db8:0:0::/64'],
  ['2001:0DB8::1', '2001:db8:0:0::/64'],
  ['1:2:3:4:5:6:7:8', '1:2:3:4::/64'],
  ['1::8', '1:0:0:0::/64'],
  ['no address', 'no address'],
])('%s counts as %s', (address, network) => {
  expect(clientNetwork(address)).toBe(network)
})

it('this machine is known by each of its names, and by no other', () => {
  expect(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1'].map(isOwnMachine)).not.toContain(false)
  expect(['192.0.2.1', '::2', '128.0.0.1', ''].map(isOwnMachine)).not.toContain(true)
})
