import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileDurably } from '@twiin/store'
import { users } from './hospitals.ts'
import type { Role } from './hospitals.ts'
import type { DemoPatient } from './sample-data.ts'
import type { ShareChannels } from './share-channels.ts'
import type { RunningHospital } from './start-hospital.ts'
import type { DemoRegistry, RegistryUser } from './start-registry.ts'

/** DIR/network.json: where everything of a running demo is. Tests and scripts rely on these names. */
export interface Network {
  version: 1
  startedAt: string
  registry: {
    url: string
    pid: number
    dataDir: string
    caFile: string
    tokens: { administrator: string; approver: string }
    users: RegistryUser[]
  }
  hospitals: NetworkHospital[]
  patients: DemoPatient[]
  /** With `--with-ohif`: a viewer; `{url}/viewer/{ura}?StudyInstanceUIDs=…&token=…` opens a study there. */
  ohif?: { url: string }
  /** Simulator that says who a patient is, for shares. */
  broker?: { url: string }
}

export interface NetworkHospital {
  name: string
  ura: string
  /** The node's own process. */
  pid: number
  dataDir: string
  configFile: string
  node: { peerId: string; multiaddrs: string[] }
  /** Called AE title `aeTitle` stores; one of `sendTo` (by URA number) sends there. */
  dicom: { host: string; port: number; aeTitle: string; sendTo: Record<string, string> }
  /** `orthanc`: `dir` is its own; its REST API and DICOMweb are at `http`. */
  pacs: { kind: 'demo' | 'orthanc'; host: string; port: number; aeTitle: string; dir: string; http?: string }
  /** HL7 v2 over MLLP; `application` is the MSH-3 of who may send. */
  hl7: { host: string; port: number; application: string }
  web: {
    url: string
    caFile: string
    users: { username: string; password: string; role: Role }[]
    tokens: Record<Role, string>
  }
  dicomweb: { url: string }
  /** Pages for patients, and where mails and text messages are. Null: none. */
  share: ShareChannels | null
}

export const networkFile = (dir: string): string => join(dir, 'network.json')

export function describeNetwork(
  registry: DemoRegistry,
  hospitals: readonly RunningHospital[],
  patients: readonly DemoPatient[],
): Network {
  const { url, pid, dataDir, caFile, tokens, users: people } = registry
  return {
    version: 1,
    startedAt: new Date().toISOString(),
    registry: { url, pid, dataDir, caFile, tokens, users: people },
    hospitals: hospitals.map(
      ({ hospital, runtime, configFile, dataDir, pacs, hl7, sendTo, tokens, share }) => ({
        name: hospital.name,
        ura: hospital.ura,
        pid: runtime.pid,
        dataDir,
        configFile,
        node: { peerId: runtime.peerId, multiaddrs: runtime.multiaddrs },
        dicom: { ...runtime.dicom, aeTitle: hospital.aeTitle, sendTo },
        pacs,
        hl7,
        web: {
          url: runtime.url,
          caFile: runtime.caFile,
          users: users.map(({ username, password, role }) => ({ username, password, role })),
          tokens,
        },
        dicomweb: { url: `${runtime.url}/dicom-web` },
        share,
      }),
    ),
    patients: [...patients],
  }
}

/** Written at once, so that whoever sees the file sees all of it. */
export async function writeNetwork(dir: string, network: Network): Promise<void> {
  await writeFileDurably(networkFile(dir), Buffer.from(`${JSON.stringify(network, null, 2)}\n`), {
    mode: 0o600,
  })
}

/** The file is there exactly while the network is. */
export async function removeNetwork(dir: string): Promise<void> {
  await rm(networkFile(dir), { force: true })
}
