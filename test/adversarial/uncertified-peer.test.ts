/** spec 01 §4: who has no certificate of this network gets nothing beyond multistream-select, noise and the exchange. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { NodeKey, credentialOf, derOf } from '@twiin/identity'
import { testAuthority } from '@twiin/identity/testing'
import { PeerHost } from '@twiin/network'
import { TestHost, insist, propose } from '@twiin/network/testing'
import { protocolIds } from '@twiin/protocol'
import { silentLogger } from '@twiin/runtime'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { NodeApi } from '../support/node-api.ts'

let demo: Demo
let address: string
beforeAll(async () => {
  demo = await startDemo({ hospitals: 2 })
  address = demo.hospital(0).node.multiaddrs[0] ?? ''
})
afterAll(() => demo[Symbol.asyncDispose]())

const certificates = {
  /** Everything in it is right, but the authority is not the one of this network. */
  'self-made': async (key: NodeKey) => (await testAuthority()).certify(key, { ura: '90000002' }),
  /** What the node of B shows everybody; the key that belongs to it stays at B. */
  borrowed: async () => {
    const pem = await readFile(join(demo.hospital(1).dataDir, 'identity/node.pem'), 'utf8')
    const [leaf = '', issuing = ''] =
      pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
    return credentialOf(derOf('CERTIFICATE', leaf), derOf('CERTIFICATE', issuing))
  },
  none: async () => new Uint8Array(),
  'sixteen KiB of noise': async () => new Uint8Array(16 * 1024).fill(0x30),
} satisfies Record<string, (key: NodeKey) => Promise<Uint8Array>>

describe.each(Object.entries(certificates))('a peer with a certificate that is %s', (_name, make) => {
  test('is refused by our own software, for every protocol', async () => {
    const key = NodeKey.generate()
    const credential = await make(key)
    const { peerId, multiaddrs } = demo.hospital(0).node
    const admission = { credential: () => credential, verify: async () => {}, stillAdmitted: () => true }
    const host = new PeerHost(
      { listen: ['/ip4/127.0.0.1/tcp/0'], dialLoopback: true },
      { seed: key.seed, admission, addresses: { addressesOf: () => multiaddrs }, log: silentLogger },
    )
    await host.start()
    try {
      for (const protocol of Object.values(protocolIds)) {
        const asked = host.ask(peerId, protocol, Buffer.from('hello'), {
          maxAnswerBytes: 1024,
          timeoutMs: 10_000,
        })
        await expect(asked).rejects.toMatchObject({ code: expect.stringMatching(/^PEER_/) as string })
      }
      expect(host.connectedPeers()).toEqual([])
    } finally {
      await host.stop()
    }
  })

  test('hears the certificate of the node, the word no, and then nothing, however it insists', async () => {
    const heard = await insist(address, await make(NodeKey.generate()))
    const [shown, verdict, ...more] = heard
    expect(shown?.[0]).toBe(0x30)
    expect([...(verdict ?? [])]).toEqual([0])
    expect(more).toEqual([])
  })
})

test('the same program is let in where its credential counts: the two tests above can fail', async () => {
  await using host = await TestHost.start()
  const [shown, verdict, ...more] = await insist(
    host.host.multiaddrs()[0] ?? '',
    Buffer.from('test credential'),
  )
  expect(Buffer.from(shown ?? []).toString()).toBe('test credential')
  expect([...(verdict ?? [])]).toEqual([1])
  expect(more.length).toBeGreaterThan(0)
})

test('without noise every protocol is unknown, and so is plain noise without the exchange', async () => {
  const protocols = [
    '/noise',
    '/plaintext/2.0.0',
    '/tls/1.0.0',
    '/yamux/1.0.0',
    '/ipfs/id/1.0.0',
    '/twiin/kad/1.0.0',
  ]
  const all = [...protocols, ...Object.values(protocolIds)]
  expect(await propose(address, all)).toEqual(all.map(() => 'na'))
  expect(await propose(address, ['/twiin/noise-x509/2.0.0'])).toEqual(['/twiin/noise-x509/2.0.0'])
})

test('the node has refused them on record, and serves its peers as before', async () => {
  const log = await readFile(join(demo.dir, 'logs/node-90000001.log'), 'utf8')
  expect(log).toContain('CERT_')
  const search = await new NodeApi(demo.hospital(1)).search('999990019')
  expect(search.status('90000001')).toBe('answered')
})
