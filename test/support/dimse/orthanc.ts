import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClientTls } from '@twiin/dimse'
import { freePort, startPeer } from './processes.ts'

const binary = '/usr/sbin/Orthanc'
export const orthancInstalled = existsSync(binary)

/** An Orthanc of its own, in `folder`, that knows us as the modality `us`. */
export async function startOrthanc(
  folder: string,
  us: { aeTitle: string; port: number },
  more: { settings?: object; modality?: object; tls?: ClientTls } = {},
) {
  await mkdir(folder, { recursive: true })
  const [port, httpPort] = [await freePort(), await freePort()]
  const settings = {
    Name: 'interop',
    StorageDirectory: folder,
    IndexDirectory: folder,
    HttpPort: httpPort,
    DicomPort: port,
    DicomAet: 'ORTHANC',
    RemoteAccessAllowed: false,
    AuthenticationEnabled: false,
    DicomCheckCalledAet: false,
    DicomAlwaysAllowEcho: true,
    DicomAlwaysAllowStore: true,
    DicomAlwaysAllowFind: true,
    DicomAlwaysAllowMove: true,
    DicomAlwaysAllowGet: true,
    DicomModalities: {
      us: {
        AET: us.aeTitle,
        Host: '127.0.0.1',
        Port: us.port,
        AllowStorageCommitment: true,
        ...more.modality,
      },
    },
    StableAge: 1,
    SaveJobs: false,
    StorageCompression: false,
    ...more.settings,
  }
  const file = join(folder, 'orthanc.json')
  await writeFile(file, JSON.stringify(settings))
  const peer = await startPeer(
    'ORTHANC',
    port,
    binary,
    [file],
    more.tls === undefined ? {} : { tls: more.tls },
  )
  const url = `http://127.0.0.1:${httpPort}`
  /** JSON of a REST call, or an error. */
  const call = async (path: string, body?: unknown): Promise<unknown> => {
    const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
    const response = await fetch(url + path, init)
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return response.json()
  }
  const fileOf = async (id: string) =>
    Buffer.from(await (await fetch(`${url}/instances/${id}/file`)).arrayBuffer())
  /** Where it sends to for this AE title. */
  const knows = async (aeTitle: string, modality: object) =>
    void (await fetch(`${url}/modalities/${aeTitle}`, { method: 'PUT', body: JSON.stringify(modality) }))
  const remove = async (path: string) => void (await fetch(url + path, { method: 'DELETE' }))
  return { ...peer, call, knows, remove, fileOf, [Symbol.asyncDispose]: peer[Symbol.asyncDispose] }
}
