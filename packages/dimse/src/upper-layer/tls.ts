/** The one file that speaks TLS: the BCP 195 profile of PS3.15 annex B (RFC 9325), both sides. */
import { createHash } from 'node:crypto'
import { connect, isIP } from 'node:net'
import type { Socket } from 'node:net'
import { checkServerIdentity, connect as connectSecure, createServer } from 'node:tls'
import type { PeerCertificate, Server, TLSSocket } from 'node:tls'
import { singleLine } from '@twiin/runtime'
import type { TlsPeer } from '../store-provider.ts'

/** PEM texts. */
export interface ServerTls {
  key: string
  /** With its intermediate certificates. */
  cert: string
  /** Whose client certificates are taken; without, those of the public authorities, which is rarely what is meant. */
  ca?: string
  /** `required`: no association without one that verifies. `optional`: told in `AssociationInfo.tls` when it verified. */
  clientCertificate: 'required' | 'optional' | 'none'
}

/** PEM texts. */
export interface ClientTls {
  /** Who may have issued the peer's certificate; without, the public authorities. */
  ca?: string
  /** Our own, for peers that ask for one. */
  key?: string
  cert?: string
  /** The name that the peer's certificate must carry; default the host. `false`: any name, issued by `ca`. */
  name?: string | false
}

/** RFC 9325 §4.2 for TLS 1.2: forward secrecy and authenticated encryption only; those of TLS 1.3 all are. */
const profile = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  ciphers: [
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'TLS_AES_128_GCM_SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-RSA-CHACHA20-POLY1305',
  ].join(':'),
} as const

/** A socket on its way, and the event that says that it is there. */
export function connectPlain({ host, port }: { host: string; port: number }): {
  socket: Socket
  ready: string
} {
  return { socket: connect({ host, port, allowHalfOpen: true }), ready: 'connect' }
}

export function connectTls(
  { host, port }: { host: string; port: number },
  { name, ...credentials }: ClientTls,
): { socket: Socket; ready: string } {
  const expected = name === undefined || name === false ? host : name
  const options = {
    ...profile,
    ...credentials,
    host,
    port,
    allowHalfOpen: true,
    ...(isIP(expected) === 0 && { servername: expected }),
    checkServerIdentity: (_host: string, certificate: PeerCertificate) =>
      name === false ? undefined : checkServerIdentity(expected, certificate),
  }
  const socket = connectSecure(options)
  return { socket, ready: 'secureConnect' }
}

/**
 * Shakes hands with sockets that were accepted elsewhere, so that the caps on connections hold before the first byte of
 * TLS. Each `shake` resolves with the secured socket, or rejects after having closed the connection.
 */
export class TlsHandshakes {
  readonly #server: Server
  readonly #waiting = new Map<string, (socket: TLSSocket) => void>()

  constructor(options: { tls: ServerTls; handshakeMs: number }) {
    const { tls, handshakeMs } = options
    this.#server = createServer({
      ...credentialsOf(tls),
      requestCert: tls.clientCertificate !== 'none',
      rejectUnauthorized: tls.clientCertificate === 'required',
      handshakeTimeout: handshakeMs,
      sessionTimeout: 300,
    })
    this.#server.on('secureConnection', (socket) => this.#waiting.get(keyOf(socket))?.(socket))
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy())
  }

  async shake(socket: Socket): Promise<{ socket: Socket; peer: TlsPeer }> {
    const key = keyOf(socket)
    const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>()
    const onClose = () => reject(new Error('handshake failed'))
    socket.on('error', () => {}) // 'close' follows
    socket.once('close', onClose)
    this.#waiting.set(key, resolve)
    try {
      this.#server.emit('connection', socket)
      const secure = await promise
      return { socket: secure, peer: peerOf(secure) }
    } finally {
      this.#waiting.delete(key)
      socket.off('close', onClose)
    }
  }

  /** For connections from now on: a new certificate needs no restart. Whether clients must show one stays as it was. */
  renew(tls: ServerTls): void {
    this.#server.setSecureContext(credentialsOf(tls))
  }
}

function credentialsOf({ key, cert, ca }: ServerTls) {
  return { ...profile, honorCipherOrder: true, key, cert, ...(ca !== undefined && { ca }) }
}

const keyOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`

function peerOf(socket: TLSSocket): TlsPeer {
  const protocol = socket.getProtocol() ?? ''
  if (!socket.authorized) return { protocol }
  const { raw, subject } = socket.getPeerCertificate()
  const name: unknown = subject.CN // several when the subject has several
  return {
    protocol,
    certificateSha256: createHash('sha256').update(raw).digest('hex'),
    ...(typeof name === 'string' && { commonName: singleLine(name) }),
  }
}
