import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { derOf, keyFingerprint, publicKeyOf, readCertificateRequest } from '@twiin/identity'
import { expect, onTestFinished, test } from 'vitest'
import { stringify } from 'yaml'
import { requestWithOwnKey } from './own-request.ts'

const run = promisify(execFile)
const program = resolve(import.meta.dirname, '../../bin/twiin-node')

test('`csr` prints a request that proves the node’s own key, made when missing, then always that one; and needs no registry', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'twiin-csr-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  const hospital = { name: 'Ziekenhuis Voorbeeld', ura: '90000001', patientIdIssuer: 'A' }
  const config = {
    hospital,
    dataDir: 'data',
    trust: { domain: 'twiin.example', rootCertificateFile: 'root.pem' },
    registry: { url: 'https://registry.twiin.example:8443', caFile: 'ca.pem' },
    peer: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    dicom: { host: '127.0.0.1', port: 11112, aeTitle: 'TWIIN', callingAeTitles: ['CT1'] },
    pacs: { host: '127.0.0.1', port: 104, aeTitle: 'PACS', callingAeTitle: 'TWIIN' },
    web: { host: '127.0.0.1', port: 8443 },
    peopleFile: 'people.json',
  }
  const configFile = join(dir, 'node.yaml')
  await writeFile(configFile, stringify(config))
  const { stdout, stderr } = await run(program, ['csr', '--config', configFile])
  const request = await readCertificateRequest(derOf('CERTIFICATE REQUEST', stdout))
  expect(request).toMatchObject({ organisation: hospital.name, ura: hospital.ura })
  // For the telephone, apart from what goes into the file.
  const fingerprint = keyFingerprint(publicKeyOf(request.peerId))
  expect(JSON.parse(stderr)).toMatchObject({ fingerprint })
  const key = await readFile(join(dir, 'data/keys/node.key'))
  const again = await requestWithOwnKey({ hospital, dataDir: join(dir, 'data') })
  expect((await readCertificateRequest(again.csr)).peerId).toBe(request.peerId)
  expect(again.fingerprint).toBe(fingerprint)
  expect(await readFile(join(dir, 'data/keys/node.key'))).toEqual(key)
})
