import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { People, requestWithOwnKey } from '@twiin/node'
import { stringify } from 'yaml'
import { ApiClient } from './api-client.ts'
import { programFile } from './child-processes.ts'
import type { ChildProcesses } from './child-processes.ts'
import type { DemoFolder } from './demo-state.ts'
import {
  callingAeTitles,
  cardiologyAeTitle,
  fetchAeTitle,
  queryingAeTitles,
  roles,
  sendToAeTitle,
  users,
} from './hospitals.ts'
import type { Hospital, Role } from './hospitals.ts'
import type { ShareChannels, ShareServices } from './share-channels.ts'
import { trustDomain } from './start-registry.ts'
import type { DemoRegistry } from './start-registry.ts'
import { until } from './until.ts'

interface NodeRuntime {
  url: string
  pid: number
  peerId: string
  multiaddrs: string[]
  dicom: { host: string; port: number }
  caFile: string
}

/** Everything of one hospital that others are told: an entry of network.json. */
export interface RunningHospital {
  hospital: Hospital
  configFile: string
  dataDir: string
  runtime: NodeRuntime
  pacs: { kind: 'demo' | 'orthanc'; host: string; port: number; aeTitle: string; dir: string; http?: string }
  hl7: { host: string; port: number; application: string }
  sendTo: Record<string, string>
  tokens: Record<Role, string>
  share: ShareChannels | null
}

interface Deps {
  folder: DemoFolder
  processes: ChildProcesses
  signal: AbortSignal
  withOrthanc: boolean
}

const host = '127.0.0.1'
/** MSH-3 of each hospital's information system. */
const hl7Application = 'ZIS'

/** Writes who works there; at the first start only. Needs no registry, so it is done meanwhile. */
export async function settleHospital(
  hospital: Hospital,
  all: readonly Hospital[],
  { folder, processes, withOrthanc }: Deps,
): Promise<void> {
  const { dir, pacsDir, orthancDir } = placesOf(hospital, folder)
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const { pacs, pacsHttp, dicom } = folder.hospitalPorts(hospital.index)
  const name = `pacs-${hospital.ura}`
  if (withOrthanc) {
    const others = all.filter((other) => other !== hospital)
    // It sends to the node by each AE title that the node has; whoever has none receives nothing.
    const ours = [
      hospital.aeTitle,
      fetchAeTitle(hospital),
      ...others.flatMap((other) => [sendToAeTitle(other), cardiologyAeTitle(other)]),
    ]
    const modalities = [...ours, ...callingAeTitles].map((aeTitle) => ({ aeTitle, port: dicom }))
    const options = {
      dir: orthancDir,
      aeTitle: hospital.pacsAeTitle,
      dicomPort: pacs,
      httpPort: pacsHttp,
      modalities,
    }
    processes.start(name, join(import.meta.dirname, 'demo-orthanc.ts'), [JSON.stringify(options)])
  } else {
    const args = [host, String(pacs), hospital.pacsAeTitle, pacsDir]
    processes.start(name, programFile('demo-pacs'), args)
  }

  const tokens = await folder.tokensOf(hospital.ura)
  const people = new People({ file: join(dir, 'people.json') })
  if (people.byToken(tokens.auditor) !== undefined) return
  for (const { username, ...user } of users) await people.addUser({ ...user, id: username })
  for (const role of roles)
    await people.addToken({ id: `script-${role}`, name: `Script (${role})`, role, token: tokens[role] })
}

/** Admits the hospital to the network when it is new, and starts its node; resolves when that is ready. */
export async function startHospital(
  hospital: Hospital,
  all: readonly Hospital[],
  {
    folder,
    processes,
    signal,
    registry,
    withOrthanc,
    ohifUrl,
    shares,
  }: Deps & {
    registry: DemoRegistry
    ohifUrl?: string
    shares?: ShareServices
  },
): Promise<RunningHospital> {
  const { dir, dataDir, pacsDir, orthancDir, configFile, enrolmentTokenFile } = placesOf(hospital, folder)
  const ports = folder.hospitalPorts(hospital.index)
  const others = all.filter((other) => other !== hospital)
  const destinations = others.map((other) => ({
    aeTitle: sendToAeTitle(other),
    ura: other.ura,
    mailbox: 'radiologie',
  }))
  const cardiologies = others.map((other) => ({
    aeTitle: cardiologyAeTitle(other),
    ura: other.ura,
    mailbox: 'cardiologie',
  }))
  const pacs = { host, port: ports.pacs, aeTitle: hospital.pacsAeTitle }
  const share = await shares?.settingsFor(hospital, { dir, port: ports.share })
  const config = {
    hospital: { name: hospital.name, ura: hospital.ura, patientIdIssuer: hospital.patientIdIssuer },
    dataDir,
    trust: { domain: trustDomain, rootCertificateFile: registry.rootCertificateFile },
    registry: {
      url: registry.url,
      caFile: registry.caFile,
      enrolmentTokenFile,
      refreshSeconds: 2,
      reportSeconds: 5,
    },
    peer: { listen: [`/ip4/${host}/tcp/${ports.peer}`], dialLoopback: true },
    dicom: {
      host,
      port: ports.dicom,
      aeTitle: hospital.aeTitle,
      callingAeTitles: [...callingAeTitles, hospital.pacsAeTitle],
      destinations: [...destinations, ...cardiologies],
      applicationEntities: [hospital.pacsAeTitle, ...queryingAeTitles].map((aeTitle) => ({
        ...{ ...pacs, aeTitle, query: true },
        ...{ role: 'radiologist', responsible: 'Afdeling radiologie (fictief)' },
      })),
    },
    // The demo's own PACS has no storage commitment; Orthanc does.
    pacs: { ...pacs, callingAeTitle: hospital.aeTitle, commitment: withOrthanc },
    ...(withOrthanc ? { archive: archiveOf(hospital, pacs) } : {}),
    hl7: {
      host,
      port: ports.hl7,
      senders: [{ application: hl7Application }],
      patientIdAuthorities: ['ZIS'],
    },
    web: { host, port: ports.web, ...ohifOf(hospital, ohifUrl) },
    ...(share === undefined ? {} : { share: share.settings }),
    peopleFile: join(dir, 'people.json'),
    // Its people log in with a password alone.
    signIn: { secondFactor: 'optional' },
    mailboxes: ['radiologie', 'cardiologie'],
    index: { antiEntropySeconds: 5 },
    transfer: { retrySeconds: 1 },
    storage: { reserveMiB: 64 },
    demo: true,
  }
  await writeFile(configFile, stringify(config))
  const { csr } = await requestWithOwnKey(config)
  await registry.admit(hospital, { csr, tokenFile: enrolmentTokenFile })
  const child = processes.start(`node-${hospital.ura}`, programFile('node'), [
    'serve',
    '--config',
    configFile,
  ])
  const runtime = await nodeReady({ dataDir, pid: child.pid, signal })
  return {
    hospital,
    configFile,
    dataDir,
    runtime,
    pacs: withOrthanc
      ? { ...pacs, kind: 'orthanc', dir: orthancDir, http: `http://${host}:${ports.pacsHttp}` }
      : { ...pacs, kind: 'demo', dir: pacsDir },
    hl7: { host, port: ports.hl7, application: hl7Application },
    sendTo: Object.fromEntries(destinations.map(({ ura, aeTitle }) => [ura, aeTitle])),
    tokens: await folder.tokensOf(hospital.ura),
    share: share?.channels ?? null,
  }
}

/** The viewer opens by a button, on this hospital's data, and may ask for them. */
const ohifOf = ({ ura }: Hospital, url: string | undefined) =>
  url === undefined ? {} : { corsOrigins: [url], ohifUrl: `${url}/viewer/${ura}` }

/** The node indexes its PACS, by night at any hour (spec 18). */
function archiveOf(hospital: Hospital, { port, aeTitle }: { port: number; aeTitle: string }) {
  return {
    ...{ kind: 'dimse', retrieve: 'move', host, port, aeTitle },
    receiveAeTitle: fetchAeTitle(hospital),
    ...{ recentMinutes: 1, passHours: 1, studiesPerSecond: { day: 1000, night: 1000 } },
  }
}

/** Waits until the node with this pid says that it is ready. */
export async function nodeReady(node: {
  dataDir: string
  pid: number
  signal?: AbortSignal
}): Promise<NodeRuntime> {
  const waiting = { timeoutMs: 180_000, ...(node.signal !== undefined && { signal: node.signal }) }
  return until(
    async () => {
      const text = await readFile(join(node.dataDir, 'runtime.json'), 'utf8').catch(() => undefined)
      if (text === undefined) return
      const runtime = JSON.parse(text) as NodeRuntime
      if (runtime.pid !== node.pid) return
      using web = new ApiClient({ url: runtime.url, ca: await readFile(runtime.caFile, 'utf8') })
      const { status } = await web.ask('GET', '/readyz').catch(() => ({ status: 0 }))
      return status === 200 && runtime
    },
    { ...waiting, what: `node of ${node.dataDir} is ready` },
  )
}

function placesOf(hospital: Hospital, folder: DemoFolder) {
  const dir = join(folder.dir, 'hospitals', hospital.ura)
  return {
    dir,
    dataDir: join(dir, 'data'),
    pacsDir: join(dir, 'pacs'),
    orthancDir: join(dir, 'orthanc'),
    configFile: join(dir, 'node.yaml'),
    enrolmentTokenFile: join(dir, 'enrolment-token'),
  }
}
