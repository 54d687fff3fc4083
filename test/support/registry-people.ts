/** The two people of a demo's registry, acting over its API. */
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { ApiClient } from '../../scripts/demo-network/api-client.ts'
import type { Network } from '../../scripts/demo-network/network-file.ts'

export type RegistryPerson = 'administrator' | 'approver'

export const registryClient = ({ registry }: Network, person?: RegistryPerson): ApiClient =>
  new ApiClient({
    url: registry.url,
    ca: readFileSync(registry.caFile, 'utf8'),
    ...(person && { token: registry.tokens[person] }),
  })

export interface ListedCertificate {
  serial: string
  ura: string
  peerId: string
  status: string
}

export async function certificateOf(network: Network, peerId: string): Promise<ListedCertificate> {
  using client = registryClient(network, 'administrator')
  const list = await client.call<ListedCertificate[]>('GET', '/api/v1/certificates')
  const found = list.find((certificate) => certificate.peerId === peerId)
  if (found === undefined) throw new Error(`no certificate of ${peerId}`)
  return found
}

/** Both people say so: the second one's word does it. */
export async function cutOff(
  network: Network,
  peerId: string,
  act: 'revocation' | 'suspension' | 'resumption',
  reason: string,
): Promise<void> {
  const { serial } = await certificateOf(network, peerId)
  for (const person of ['administrator', 'approver'] as const) {
    using client = registryClient(network, person)
    await client.call('POST', `/api/v1/certificates/${serial}/${act}`, { reason })
  }
}

/** Any call, with the bytes that came back. */
export function rawCall(
  { registry }: Network,
  method: 'GET' | 'POST',
  path: string,
  options: { headers?: Record<string, string>; body?: string | Uint8Array } = {},
): Promise<{ status: number; body: Buffer }> {
  const { headers = {}, body } = options
  const ca = readFileSync(registry.caFile, 'utf8')
  return new Promise((resolve, reject) => {
    const call = request(new URL(path, registry.url), { method, headers, ca, agent: false }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks) }))
    })
    call.on('error', reject)
    call.end(body)
  })
}
