import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { createWebCertificate } from '@twiin/identity'

/** How to reach a TLS server of the bench. */
export interface TlsLine {
  port: number
  ca: string
}

const host = '127.0.0.1'
/** The fastest that TLS 1.3 has on a CPU with AES instructions. */
const fastest = { minVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' } as const

/** Listens on a free port; what Node does without anything of ours. */
export async function listenTls(onSocket: (socket: TLSSocket) => void): Promise<TlsLine> {
  const names = { commonName: 'bench', dnsNames: ['localhost'], ipAddresses: [host] }
  const { caCertificate, certificate, key } = await createWebCertificate({ ...names, at: new Date() })
  const options = { ...fastest, cert: certificate, key, allowHalfOpen: true, noDelay: true }
  const server = createServer(options, onSocket).listen(0, host)
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, ca: caCertificate }
}

export async function connectTls({ port, ca }: TlsLine): Promise<TLSSocket> {
  const socket = connect({ ...fastest, host, port, ca })
  socket.setNoDelay(true)
  await once(socket, 'secureConnect')
  return socket
}
