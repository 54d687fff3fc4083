import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { attribute, encodeIdentifier } from '@twiin/dicom'
import { openAssociation, queryRetrieve, transferSyntax, verificationClass } from '@twiin/dimse'
import type { ClientTls } from '@twiin/dimse'
import { silentLogger } from '@twiin/runtime'
import type { InstanceRecord } from '@twiin/study-store'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestHospital } from '../testing/test-hospital.ts'
import { TestNetwork } from '../testing/test-network.ts'

const dir = mkdtempSync(join(tmpdir(), 'twiin-dicom-tls-'))
const place = (name: string) => join(dir, name)

/** A certificate for 127.0.0.1, its own authority. */
function certificate(name: string) {
  const [keyFile, certificateFile] = [place(`${name}.key`), place(`${name}.pem`)]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2']
  const out = ['-keyout', keyFile, '-out', certificateFile]
  execFileSync('openssl', ['req', '-x509', ...curve, ...subject, ...out], { stdio: 'pipe' })
  return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certificateFile, 'utf8') }
}

let network: TestNetwork
let hospital: TestHospital
const [first, second] = [certificate('first'), certificate('second')]
const withFirst = { ...first, ca: first.cert }
beforeAll(async () => {
  network = await TestNetwork.open({})
  for (const suffix of ['pem', 'key']) copyFileSync(place(`first.${suffix}`), place(`own.${suffix}`))
  copyFileSync(place('first.pem'), place('ca.pem'))
  const reader = { aeTitle: 'CT1', host: '127.0.0.1', port: 104, query: true, moveDestination: false }
  hospital = await TestHospital.open(
    {
      ...{ ura: '90000001', name: 'A', commitment: true, entities: [reader] },
      tls: {
        ...{ port: 0, certificateFile: place('own.pem'), keyFile: place('own.key'), caFile: place('ca.pem') },
        clientCertificate: 'required',
        pacs: { ...withFirst, clientCertificate: 'required' },
      },
    },
    network,
  )
})
afterAll(async () => {
  await hospital[Symbol.asyncDispose]()
  await network[Symbol.asyncDispose]()
  rmSync(dir, { recursive: true })
})

function open(tls?: ClientTls) {
  const { dimse, dimseTls } = hospital.exchange
  const port = (tls === undefined ? dimse : dimseTls)?.address().port ?? 0
  const classes = [verificationClass, queryRetrieve.move.studyRoot]
  return openAssociation(
    {
      ...{ host: '127.0.0.1', port, callingAe: 'CT1', calledAe: 'TWIIN', ...(tls && { tls }) },
      contexts: classes.map((abstractSyntax) => ({
        abstractSyntax,
        transferSyntaxes: [transferSyntax.implicitVrLittleEndian],
      })),
    },
    { log: silentLogger },
  )
}
async function echo(tls?: ClientTls) {
  await using association = await open(tls)
  return await association.echo()
}

describe('a hospital with TLS on its DICOM side', () => {
  it('sends to its PACS, asks it for commitment and is moved to by TLS only, with its own certificate', async () => {
    const { instances, studyInstanceUid } = await hospital.receive()
    const records: InstanceRecord[] = []
    for (const { sopInstanceUid } of instances) {
      const record = await hospital.ground.studies.instanceByUid(sopInstanceUid)
      if (record !== undefined) records.push(record)
    }
    const { delivery } = hospital.exchange
    const { signal } = new AbortController()
    expect(await delivery.isReachable(signal)).toBe(true)
    await delivery.deliver(
      { transferId: '0a', instances: records, overlay: undefined, onDelivered: () => {} },
      signal,
    )
    expect(hospital.archive.stored).toHaveLength(3)
    expect(hospital.archive.commitmentsAsked).toHaveLength(1)

    await using association = await open(withFirst)
    const keys = new Map([attribute('00080052', 'STUDY'), attribute('0020000D', studyInstanceUid)])
    const query = {
      sopClassUid: queryRetrieve.move.studyRoot,
      transferSyntaxUid: transferSyntax.implicitVrLittleEndian,
      identifier: encodeIdentifier(keys, transferSyntax.implicitVrLittleEndian),
    }
    let completed = 0
    for await (const step of association.move({ ...query, destinationAe: 'PACS' })) completed = step.completed
    expect(completed).toBe(3)
    expect(hospital.archive.stored).toHaveLength(6)
  })

  it('takes who shows a certificate, on that port; the plain one is as it was', async () => {
    expect(await echo(withFirst)).toBe(0)
    await expect(echo({ ca: first.cert })).rejects.toThrow()
    await expect(echo({ ca: first.cert, ...second })).rejects.toThrow()
    expect(await echo()).toBe(0)
  })

  it('takes over renewed files without a restart, and keeps the old ones while they do not fit together', async () => {
    const { dicomTls } = hospital.ground
    copyFileSync(place('second.key'), place('own.key'))
    dicomTls?.refresh()
    expect(await echo(withFirst)).toBe(0)
    copyFileSync(place('second.pem'), place('own.pem'))
    dicomTls?.refresh()
    expect(await echo({ ...first, ca: second.cert })).toBe(0)
    await expect(echo(withFirst)).rejects.toThrow()
    expect(dicomTls?.client().cert).toBe(second.cert)
  })
})
