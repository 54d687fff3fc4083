/** A clinic that two people admitted and whose certificate is logged and cosigned: nothing is wrong with it. */
import { NodeKey, createCertificateRequest, credentialOf } from '@twiin/identity'
import type { Demo } from './demo.ts'
import { until } from './node-api.ts'
import { rawCall, registryClient } from './registry-people.ts'
import { certificatesIn } from './stolen-keys.ts'
import type { StolenIdentity } from './stolen-keys.ts'

const organisation = 'Kliniek Later (fictief)'

export async function newMember({ network }: Demo, ura: string): Promise<StolenIdentity> {
  const key = NodeKey.generate()
  using administrator = registryClient(network, 'administrator')
  using approver = registryClient(network, 'approver')
  const request = await createCertificateRequest(key, { organisation, ura })
  const { id } = await administrator.call<{ id: string }>('POST', '/api/v1/applications', {
    ...{ organisation, ura, category: 'clinic', declaredPatients: 100, mailboxes: [] },
    csr: Buffer.from(request).toString('base64'),
  })
  const { digest } = await administrator.call<{ digest: string }>('GET', `/api/v1/applications/${id}`)
  const approvals = `/api/v1/applications/${id}/approvals`
  await administrator.call('POST', approvals, { digest })
  const { enrolmentToken: token } = await approver.call<{ enrolmentToken: string }>('POST', approvals, {
    digest,
  })

  const csr = await createCertificateRequest(key, { organisation, ura, token })
  const issued = await rawCall(network, 'POST', '/.well-known/est/simpleenroll', {
    headers: { 'content-type': 'application/pkcs10' },
    body: Buffer.from(csr).toString('base64'),
  })
  if (issued.status !== 200) throw new Error(`not enrolled: ${issued.body.toString()}`)
  const [leaf, issuing] = certificatesIn(issued.body.toString())
  return { key, credential: credentialOf(leaf, issuing, await evidenceOf(network, key.peerId)) }
}

async function evidenceOf(network: Demo['network'], peerId: string): Promise<Uint8Array> {
  using administrator = registryClient(network, 'administrator')
  const all = await administrator.call<{ serial: string; peerId: string }[]>('GET', '/api/v1/certificates')
  const path = `/api/v1/log/evidence/${all.find((one) => one.peerId === peerId)?.serial ?? ''}`
  return await until(
    async () => {
      const answer = await rawCall(network, 'GET', path, { headers: { accept: 'application/cbor' } })
      return answer.status === 200 && answer.body
    },
    { timeoutMs: 20_000, what: 'evidence is cosigned' },
  )
}
