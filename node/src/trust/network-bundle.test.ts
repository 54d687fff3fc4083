import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DocumentVerifier } from '@twiin/identity'
import { silentLogger } from '@twiin/runtime'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TestNetwork } from '../testing/test-network.ts'
import { NetworkBundle } from './network-bundle.ts'

let network: TestNetwork
let file: string

beforeEach(async () => {
  network = await TestNetwork.open()
  file = join(network.dir, 'bundle.cbor')
})
afterEach(() => network[Symbol.asyncDispose]())

function open(more: { file?: string; trustDomain?: string } = {}): NetworkBundle {
  const { rootCertificate, trustDomain } = network.authority
  return new NetworkBundle(
    { file, trustDomain, ...more },
    { verifier: new DocumentVerifier({ rootCertificate }, network), log: silentLogger },
  )
}

describe('the network bundle', () => {
  it('survives a restart', async () => {
    expect(await open().accept(await network.document())).toBe(true)
    const restarted = open()
    await restarted.load()
    expect(restarted.version).toBe(1)
  })

  it('is never replaced by an older one, however they come in', async () => {
    const [older, newer] = [await network.document(), await network.document()]
    const bundle = open()
    expect(await Promise.all([bundle.accept(newer), bundle.accept(older)])).toEqual([true, false])
    const restarted = open()
    await restarted.load()
    expect(await restarted.accept(older)).toBe(false)
    expect(restarted.version).toBe(2)
  })

  it('that was tampered with is refused, from the line and from disk, and the one in force stays', async () => {
    const bundle = open()
    await bundle.accept(await network.document())
    const next = Buffer.from(await network.document())
    for (const at of [0, 20, next.length / 2, next.length - 1].map(Math.floor)) {
      const tampered = Buffer.from(next)
      tampered.writeUInt8(tampered.readUInt8(at) ^ 1, at)
      await expect(bundle.accept(tampered)).rejects.toThrow()
    }
    expect(bundle.version).toBe(1)
    await writeFile(file, (await readFile(file)).subarray(1))
    const restarted = open()
    await restarted.load()
    expect(restarted.version).toBe(0)
  })

  it('of another trust domain is refused', async () => {
    const document = await network.document({ trustDomain: 'elsewhere.example' })
    await expect(open().accept(document)).rejects.toThrow('TRUST_DOMAIN_OTHER')
  })

  it('puts a revocation in force also when the disk cannot take it', async () => {
    const nowhere = join(network.dir, 'gone')
    await mkdir(nowhere)
    const bundle = open({ file: join(nowhere, 'not', 'bundle.cbor') })
    const { peerId } = network.keeper
    const revoked = [{ peerId, serial: 'abcd', state: 'revoked' as const, at: 1, reason: 'KEY_COMPROMISE' }]
    expect(await bundle.accept(await network.document({ revoked }))).toBe(true)
    expect([bundle.isSerialRevoked('abcd'), bundle.isPeerRevoked(peerId)]).toEqual([true, true])
  })

  it('is on disk before anybody is told', async () => {
    const bundle = open()
    const onDisk: Promise<Buffer>[] = []
    bundle.onChange(() => onDisk.push(readFile(file)))
    const document = await network.document()
    await bundle.accept(document)
    expect(await Promise.all(onDisk)).toEqual([Buffer.from(document)])
  })
})
