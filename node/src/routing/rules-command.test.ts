import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createWebCertificate } from '@twiin/identity'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { composeWeb } from '../composition/web.ts'
import type { Ground } from '../composition/ground.ts'
import type { Settings } from '../config/settings.ts'
import { runtimeFile } from '../http/runtime-file.ts'
import { People } from '../people/people-file.ts'
import { eventually, TestHospital } from '../testing/test-hospital.ts'
import { TestNetwork } from '../testing/test-network.ts'
import type { Rule } from './routing-settings.ts'

/**
 * Judged by the running node; the rules are those of the file, which it was not started with. It shows a certificate of the
 * hospital's own, for the name at which workplaces reach it.
 */
let network: TestNetwork
let a: TestHospital
let token: string
let stop: () => Promise<void>
const running: Rule = { name: 'running', when: { modality: ['MR'] }, quietSeconds: 60, stop: false }

beforeAll(async () => {
  network = await TestNetwork.open()
  a = await TestHospital.open({ ura: '90000001', name: 'A', rules: [running] }, network)
  const { ground, index, exchange, dir: dataDir } = a
  const peopleFile = join(dataDir, 'people.json')
  token = await new People({ file: peopleFile }).addToken({ id: 't', name: 'T', role: 'operator' })
  const port = await freePort()
  const names = { commonName: 'Ziekenhuis (fictief)', dnsNames: ['twiin.example'], ipAddresses: [] }
  const own = await createWebCertificate({ ...names, at: new Date() })
  await mkdir(join(dataDir, 'web'))
  await writeFile(join(dataDir, 'web', 'certificate.pem'), own.certificate)
  await writeFile(join(dataDir, 'web', 'key.pem'), own.key)
  const web = { host: '127.0.0.1', port, corsOrigins: [] }
  const parts = { ...ground, enrolment: {}, watch: { state: {} }, logView: {}, witness: {} }
  const signIn = { secondFactor: 'optional', idleMinutes: 15, longestHours: 12 }
  const hospital = { patientIdIssuer: 'A' }
  const settings = { dataDir, peopleFile, demo: false, web, signIn, hospital }
  const { http, tls } = await composeWeb(
    ...([settings as unknown as Settings, parts as unknown as Ground, index, exchange, a.hl7] as const),
  )
  await http.start()
  const dicom = { host: '127.0.0.1', port: 104 }
  const host = { peerId: a.key.peerId, multiaddrs: () => [] }
  await runtimeFile({ dataDir, web, dicom }, { host, tls }).start?.()
  stop = () => http.stop()
})
afterAll(async () => {
  await stop()
  await a[Symbol.asyncDispose]()
  await network[Symbol.asyncDispose]()
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function rulesTest(routing: string, study: string, more: readonly string[] = []) {
  const config = join(a.dir, 'node.yaml')
  await writeFile(
    config,
    `
hospital: { name: A, ura: "90000001", patientIdIssuer: A }
dataDir: ${a.dir}
trust: { domain: twiin.example, rootCertificateFile: root.pem }
registry: { url: "https://127.0.0.1:1", caFile: ca.pem }
peer: { listen: [/ip4/127.0.0.1/tcp/4001] }
dicom: { port: 104, aeTitle: TWIIN, callingAeTitles: [CT1] }
pacs: { port: 105, aeTitle: PACS, callingAeTitle: TWIIN }
web: { port: 8443 }
peopleFile: people.json
routing: ${routing}
`,
  )
  const program = join(import.meta.dirname, '../../bin/twiin-node')
  const child = spawn(program, ['rules', 'test', '--config', config, '--study', study, ...more])
  child.stdin.end(token)
  const [out, error] = await Promise.all([text(child.stdout), text(child.stderr)])
  return out === '' ? error : (JSON.parse(out) as unknown)
}

const to = 'to: { ura: "90000002", reason: spoed }'
const rules = `{ rules: [
  { name: spoed, when: { priority: [stat, high], referringDepartment: [Longziekten] }, ${to} },
  { name: nacht, when: { hours: "18:00-07:30" }, ${to} } ] }`

it('rules in the file are tried on a study that is here, at any moment, and nothing is sent', async () => {
  const { studyInstanceUid } = await a.receive({ instances: 1 })
  await eventually(async () => (await a.ground.studies.studyByUid(studyInstanceUid)) !== undefined)
  const at = async (moment: string) => rulesTest(rules, studyInstanceUid, ['--at', moment])
  const spoed = { name: 'spoed', matches: false, sends: false, failing: ['priority', 'referringDepartment'] }
  expect(await at('2026-01-10T23:30:00+01:00')).toMatchObject({
    rules: [spoed, { name: 'nacht', matches: true, sends: true, failing: [] }],
    isFromElsewhere: false,
    identityConflict: false,
  })
  expect(await at('2026-01-10T12:00:00+01:00')).toMatchObject({
    rules: [spoed, { name: 'nacht', matches: false, failing: ['hours'] }],
  })
  expect(await at('2026-99-10T12:00:00Z')).toContain('VALIDATION')
  expect(await rulesTest(rules, '1.2.3')).toContain('STUDY_UNKNOWN')
  expect(await a.transfers()).toEqual([])
}, 120_000)
