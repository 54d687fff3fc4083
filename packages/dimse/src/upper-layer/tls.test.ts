import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { connect as connectSecure } from 'node:tls'
import { describe, expect, it } from 'vitest'
import type { AssociationInfo } from '../store-provider.ts'
import { CollectingProvider, RawPeer, failure, instance, pattern, startServer } from '../testing.ts'
import { first, second } from './testing-certificates.ts'

const { key, cert } = first
const required = { key, cert, ca: cert, clientCertificate: 'required' as const }

/** Notes who came. */
class Guests extends CollectingProvider {
  readonly infos: AssociationInfo[] = []

  override admit(info: AssociationInfo) {
    this.infos.push(info)
    return super.admit(info)
  }
}

/** A socket that does not get further than TCP. */
async function tcp(port: number) {
  const socket = connect({ host: '127.0.0.1', port })
  socket.on('error', () => {})
  await once(socket, 'connect')
  const closed = once(socket, 'close')
  return { socket, closed }
}

describe('an association over TLS', () => {
  it('stores as any other, in large PDUs and small, and tells whose certificate it was', async () => {
    const provider = new Guests()
    await using server = await startServer(provider, { tls: required })
    for (const maxPduLength of [4096, 1024 ** 2]) {
      await using association = await server.open({ tls: { ca: cert, key, cert }, maxPduLength })
      const bytes = pattern(3_000_001)
      expect(await association.store(instance([bytes]))).toEqual({ status: 0 })
      expect(provider.stored.at(-1)?.dataSet.equals(bytes)).toBe(true)
    }
    expect(provider.infos[0]?.tls).toEqual({
      protocol: 'TLSv1.3',
      certificateSha256: createHash('sha256').update(new X509Certificate(cert).raw).digest('hex'),
      commonName: 'test a',
    })
  })

  it('without a certificate of ours is none when one is required, and says so when it is optional', async () => {
    await using strict = await startServer(new CollectingProvider(), { tls: required })
    await expect(strict.open({ tls: { ca: cert } })).rejects.toThrow(failure('ASSOCIATION_LOST'))
    const stranger = { ca: cert, key: second.key, cert: second.cert }
    await expect(strict.open({ tls: stranger })).rejects.toThrow(failure('ASSOCIATION_LOST'))
    const provider = new Guests()
    await using lenient = await startServer(provider, { tls: { ...required, clientCertificate: 'optional' } })
    await using one = await lenient.open({ tls: { ca: cert } })
    await using other = await lenient.open({ tls: stranger })
    expect([await one.echo(), await other.echo()]).toEqual([0, 0])
    expect(provider.infos.map(({ tls }) => tls)).toEqual([{ protocol: 'TLSv1.3' }, { protocol: 'TLSv1.3' }])
  })

  it('is not opened to a peer with another certificate, or of another name, or without TLS', async () => {
    await using server = await startServer(new CollectingProvider(), { tls: required })
    const ours = { key, cert }
    await expect(server.open({ tls: { ...ours, ca: second.cert } })).rejects.toThrow(
      failure('CONNECTION_FAILED', { cause: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
    )
    await expect(server.open({ tls: { ...ours, ca: cert, name: 'pacs.example' } })).rejects.toThrow(
      failure('CONNECTION_FAILED', { cause: 'ERR_TLS_CERT_ALTNAME_INVALID' }),
    )
    await using named = await server.open({ tls: { ...ours, ca: cert, name: 'localhost' } })
    await using any = await server.open({ tls: { ...ours, ca: cert, name: false } })
    expect([await named.echo(), await any.echo()]).toEqual([0, 0])
    await using plain = await startServer(new CollectingProvider())
    await expect(plain.open({ tls: { ca: cert } })).rejects.toThrow(failure('CONNECTION_FAILED'))
    await expect(server.open()).rejects.toThrow(failure('ASSOCIATION_LOST'))
  })

  it('is refused below TLS 1.2', async () => {
    await using server = await startServer(new CollectingProvider(), {
      tls: { ...required, clientCertificate: 'none' },
    })
    const old = connectSecure({
      host: '127.0.0.1',
      port: server.port,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
      rejectUnauthorized: false,
    })
    const [error] = (await once(old, 'error')) as [Error]
    expect(error.message).toMatch(/version|protocol/i)
  })

  it('takes a renewed certificate without a restart, and keeps who is connected', async () => {
    await using server = await startServer(new CollectingProvider(), { tls: required })
    await using before = await server.open({ tls: { ca: cert, key, cert } })
    server.renewTls({ ...second, ca: cert, clientCertificate: 'required' })
    await using after = await server.open({ tls: { ca: second.cert, key, cert } })
    expect([await before.echo(), await after.echo()]).toEqual([0, 0])
  })
})

describe('before the handshake', () => {
  it('who says nothing, or no TLS, is gone when its time is over', async () => {
    await using server = await startServer(new CollectingProvider(), {
      tls: required,
      timeouts: { artimMs: 100 },
    })
    const silent = await tcp(server.port)
    const dicom = await RawPeer.connect(server.port)
    dicom.send(Buffer.from('0100000000ff', 'hex'))
    await dicom.lastWords()
    await silent.closed
    await using association = await server.open({ tls: { ca: cert, key, cert } })
    expect(await association.echo()).toBe(0)
  })

  it('the cap on connections holds: further ones are dropped unheard', async () => {
    await using server = await startServer(new CollectingProvider(), {
      tls: required,
      limits: { maxAssociationsPerAddress: 2 },
    })
    const silent = await Promise.all([1, 2, 3, 4].map(() => tcp(server.port)))
    const fifth = await tcp(server.port)
    await fifth.closed
    for (const { socket } of silent) socket.destroy()
  })

  it('a server that stops waits for nobody', async () => {
    const server = await startServer(new CollectingProvider(), { tls: required })
    const silent = await tcp(server.port)
    await server[Symbol.asyncDispose]()
    await silent.closed
  })
})
