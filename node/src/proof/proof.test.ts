import { spawnSync } from 'node:child_process'
import { copyFile, mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { evidence as evidenceType } from '@twiin/protocol'
import { createWebCertificate, credentialOf, splitCredential } from '@twiin/identity'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { composeProofs } from '../composition/proof-side.ts'
import { isComplete } from '../find/patient-search.ts'
import { eventually, patient, radiologist, twoHospitals } from '../testing/test-hospital.ts'
import type { SampleInstance } from '@twiin/dicom/testing'

type Proof = Awaited<ReturnType<ReturnType<typeof composeProofs>['of']>>

const bsn = patient.bsn as never
const script = join(import.meta.dirname, '../../../scripts/verify-proof.mjs')
let net: Awaited<ReturnType<typeof twoHospitals>>
let bare: string
/** Of B: a study it retrieved, and one it was sent; of A: the one it sent. */
let retrieved: Proof
let arrived: Proof
let sent: Proof
let instances: SampleInstance[]

beforeAll(async () => {
  net = await twoHospitals()
  const { a, b, network } = net
  await network.certify(a.key, { ura: '90000001', name: 'Ziekenhuis A (fictief)' })
  await network.certify(b.key, { ura: '90000002', name: 'Ziekenhuis B (fictief)' })
  const received = await a.receive()
  instances = received.instances
  const { studyInstanceUid } = received
  await a.index.consents.record(bsn, { scope: { kind: 'all' }, decision: 'permit', by: 'op' })
  await eventually(async () => (await a.audit('publish')).length > 0)
  await eventually(() => a.index.publisher.status().pending === 0)
  const { searches, retrievals } = b.exchange
  const purpose = { basis: 'treatment', reason: 'polikliniek' } as const
  const searchId = await searches.begin({ bsn: patient.bsn, purpose }, radiologist)
  await eventually(() => isComplete(searches.find(searchId, radiologist) as never))
  const order = { searchId, studyInstanceUid, holder: '90000001', destination: 'pacs' as const }
  await retrievals.request(order, radiologist)
  await b.transferIn('delivered')
  const other = await a.receive({ seed: 'sent' }, { calledAe: 'ELSEWHERE' })
  await a.transferIn('delivered')
  retrieved = await composeProofs(b.ground, b.exchange).of(studyInstanceUid)
  arrived = await eventually(async () => {
    const proof = await composeProofs(b.ground, b.exchange).of(other.studyInstanceUid)
    return proof.deliveries[0]?.receipt === undefined ? undefined : proof
  })
  sent = await composeProofs(a.ground, a.exchange).of(other.studyInstanceUid)
  // Nothing of this project is near.
  bare = await mkdtemp(join(tmpdir(), 'proof-'))
  await copyFile(script, join(bare, 'verify-proof.mjs'))
  await writeFile(join(bare, 'root.pem'), network.authority.rootCertificate)
}, 60_000)
afterAll(async () => {
  await net[Symbol.asyncDispose]()
  await rm(bare, { recursive: true })
})

async function verdict(proof: object, ...options: string[]) {
  await writeFile(join(bare, 'proof.json'), JSON.stringify(proof))
  const run = spawnSync(process.execPath, ['verify-proof.mjs', 'proof.json', ...options], {
    ...{ cwd: bare, encoding: 'utf8', env: {} },
  })
  return { code: run.status, said: run.stdout + run.stderr }
}

describe('the proof of a delivered study', () => {
  it('is verified in a folder with nothing else, and says who gave what to whom, and when', async () => {
    const { code, said } = await verdict(retrieved, '--root', 'root.pem')
    expect(said).toContain('The proof holds.')
    expect(said).toMatch(
      /PROVEN +manifest: on .* Ziekenhuis A \(fictief\) \(URA 90000001; .* gave 3 instances/,
    )
    expect(said).toMatch(
      /PROVEN +request: on .* Ziekenhuis B \(fictief\).* for R\. de Radioloog \(radiologist\): polikliniek/,
    )
    expect(said).not.toContain(patient.bsn)
    expect(code).toBe(0)
  })

  it('of a send has offer, manifest and receipt at the recipient, and the receipt at the sender', async () => {
    const there = await verdict(arrived)
    for (const each of ['offer', 'manifest', 'receipt'])
      expect(there.said).toMatch(new RegExp(`PROVEN +${each}: `))
    expect(there.code).toBe(0)
    const here = await verdict(sent)
    expect(here.said).toMatch(/PROVEN +receipt: .*Ziekenhuis B \(fictief\).* stated "delivered", 3 instances/)
    expect(here.code).toBe(0)
  })

  it('shows that files are those that came, and which are not', async () => {
    const folder = join(bare, 'files')
    await mkdir(folder)
    const [first, ...others] = instances
    if (first === undefined) throw new Error('an instance expected')
    for (const [at, { bytes }] of others.entries()) await writeFile(join(folder, `${at}.dcm`), bytes)
    const lacking = await verdict(retrieved, '--dicom', folder)
    expect(lacking.said).toContain('1 of 3 data sets are not here')
    expect(lacking.code).toBe(1)
    await writeFile(join(folder, 'first.dcm'), first.bytes)
    const whole = await verdict(retrieved, '--dicom', folder)
    expect(whole.said).toContain('3 of 3 data sets are here')
    expect(whole.code).toBe(0)
    const altered = Buffer.from(first.bytes)
    altered.writeUInt8((altered.at(-1) ?? 0) ^ 1, altered.length - 1)
    await writeFile(join(folder, 'first.dcm'), altered)
    const { code, said } = await verdict(retrieved, '--dicom', folder)
    expect(said).toContain(`${first.sopInstanceUid} is not as it was given`)
    expect(code).toBe(1)
  })

  it('does not hold under another root, and is not read when it is something else', async () => {
    const names = { dnsNames: ['x.example'], ipAddresses: [], at: new Date() }
    const { caCertificate } = await createWebCertificate({ commonName: 'x.example', ...names })
    await writeFile(join(bare, 'other.pem'), caCertificate)
    const { code, said } = await verdict(retrieved, '--root', 'other.pem')
    expect(said).toContain('the issuing certificate is not of this root')
    expect(code).toBe(1)
    const strange = { ...retrieved, network: { ...retrieved.network, rootCertificate: '' } }
    expect((await verdict(strange)).code).toBe(2)
    expect((await verdict({ format: 'other' })).code).toBe(2)
  })
})

describe('an altered byte is found in', () => {
  /** One bit of one byte, at several places. */
  const places = [0.02, 0.2, 0.4, 0.6, 0.8, 0.98]
  const flip = (text: string, at: number) => {
    const bytes = Buffer.from(text, 'base64')
    const index = Math.min(bytes.length - 1, Math.floor(bytes.length * at))
    bytes.writeUInt8(bytes.readUInt8(index) ^ 1, index)
    return bytes.toString('base64')
  }
  const failsEach = async (alter: (at: number) => object) => {
    for (const at of places) expect([at, (await verdict(alter(at))).code]).toEqual([at, 1])
  }
  const withDelivery = (proof: Proof, change: (delivery: Proof['deliveries'][number]) => object) => ({
    ...proof,
    deliveries: proof.deliveries.map((delivery) => ({ ...delivery, ...change(delivery) })),
  })
  /** The credential of the giver with one part altered. */
  const withCredential = (part: 'leaf' | 'issuing' | 'evidence', at: number) => {
    const credentials = Object.fromEntries(
      Object.entries(retrieved.credentials).map(([peer, all]) => [
        peer,
        all.map((each) => {
          const { leaf, issuing, evidence = new Uint8Array() } = splitCredential(Buffer.from(each, 'base64'))
          const parts = { leaf, issuing, evidence }
          const altered = {
            ...parts,
            [part]: Buffer.from(flip(Buffer.from(parts[part]).toString('base64'), at), 'base64'),
          }
          return Buffer.concat([altered.leaf, altered.issuing, altered.evidence]).toString('base64')
        }),
      ]),
    )
    return { ...retrieved, credentials }
  }

  it('manifest', () =>
    failsEach((at) =>
      withDelivery(retrieved, ({ manifests }) => ({ manifests: manifests.map((each) => flip(each, at)) })),
    ))
  it('request', () =>
    failsEach((at) => withDelivery(retrieved, ({ request = '' }) => ({ request: flip(request, at) }))))
  it('offer', () =>
    failsEach((at) => withDelivery(arrived, ({ offer = '' }) => ({ offer: flip(offer, at) }))))
  it('receipt', () =>
    failsEach((at) => withDelivery(arrived, ({ receipt = '' }) => ({ receipt: flip(receipt, at) }))))
  it('certificate', () => failsEach((at) => withCredential('leaf', at)))
  it('issuing certificate', () => failsEach((at) => withCredential('issuing', at)))
  it('evidence of the log', () => failsEach((at) => withCredential('evidence', at)))

  it('what the file says around it: study, parties, package, trust domain, log', async () => {
    const [delivery] = arrived.deliveries
    const other = delivery?.receiver ?? ''
    const { network } = arrived
    const variants: object[] = [
      { ...arrived, studyInstanceUid: '1.2.3' },
      withDelivery(arrived, () => ({ giver: other })),
      withDelivery(arrived, ({ giver }) => ({ receiver: giver })),
      withDelivery(arrived, ({ id }) => ({ id: id.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) })),
      { ...arrived, network: { ...network, trustDomain: 'elsewhere.example' } },
      { ...arrived, network: { ...network, log: { ...network.log, origin: 'elsewhere.example/log' } } },
      {
        ...arrived,
        network: { ...network, log: { ...network.log, publicKey: flip(network.log.publicKey, 0.5) } },
      },
      { ...arrived, credentials: {} },
      withDelivery(arrived, () => ({ manifests: retrieved.deliveries[0]?.manifests ?? [] })),
    ]
    for (const variant of variants) expect((await verdict(variant)).code).toBe(1)
    const bare = Object.fromEntries(
      Object.entries(arrived.credentials).map(([peer, all]) => [
        peer,
        all.map((each) => {
          const { leaf, issuing } = splitCredential(Buffer.from(each, 'base64'))
          return Buffer.from(credentialOf(leaf, issuing)).toString('base64')
        }),
      ]),
    )
    expect((await verdict({ ...arrived, credentials: bare })).said).toContain(
      'nothing shows that the certificate',
    )
    const some = splitCredential(Buffer.from(Object.values(arrived.credentials)[0]?.[0] ?? '', 'base64'))
    expect(evidenceType.decode(some.evidence ?? new Uint8Array())).toHaveProperty('leaf')
  })
})
