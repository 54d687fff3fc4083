/** The two people of a demo's registry, acting over its API. */
import { readFileSync } from 'node:fs'
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
