import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sampleStudy } from '@twiin/dicom/testing'
import type { SampleInstance } from '@twiin/dicom/testing'
import { Orthanc, orthancInstalled, orthancMissing } from '../demo-network/orthanc.ts'
import { storeInstances } from '../demo-network/store-instances.ts'
import type { BenchOptions } from './benchmark.ts'
import type { Comparison, Row } from './compare.ts'
import type { IndexedOnce, IndexOrder } from './archive-indexer.ts'

const studies = 2000
const instancesPerStudy = 2
const program = join(import.meta.dirname, 'archive-indexer.ts')

/** An archive of 2,000 studies is indexed, and once more when nothing changed: over QIDO-RS, and over C-FIND. */
export async function benchArchive({ mostRounds, signal }: BenchOptions): Promise<Comparison[]> {
  if (!orthancInstalled) throw new Error(`archive needs Orthanc${orthancMissing}`)
  const dir = await mkdtemp(join(tmpdir(), 'twiin-bench-'))
  const [dicomPort = 0, httpPort = 0] = await freePorts(2)
  const modalities = ['DEMO', 'TWIIN'].map((aeTitle) => ({ aeTitle, port: 1 }))
  const of = { dir: join(dir, 'orthanc'), aeTitle: 'PACS', dicomPort, httpPort, modalities, durable: false }
  await using orthanc = await Orthanc.start(of)
  try {
    const stored = await fill(dicomPort)
    const { CountStudies } = await orthanc.call<{ CountStudies: number }>('GET', '/statistics')
    if (CountStudies !== studies) throw new Error(`Orthanc has ${CountStudies} studies`)
    const rows: Row[] = []
    for (const kind of ['dicomweb', 'dimse'] as const) {
      const named = kind === 'dicomweb' ? 'QIDO-RS' : 'C-FIND'
      const [first, second]: [Row, Row] = [
        { name: `first pass, ${named}`, runs: [] },
        { name: `second pass, nothing changed, ${named}`, runs: [] },
      ]
      for (let round = 0; round < Math.min(mostRounds, 2); round++) {
        signal.throwIfAborted()
        const archive =
          kind === 'dicomweb'
            ? { kind, url: `${orthanc.url}/dicom-web` }
            : { kind, port: dicomPort, aeTitle: 'PACS' }
        const indexed = await indexedBy({ dir: join(dir, `${kind}-${round}`), archive })
        if (
          indexed.first.new !== studies ||
          indexed.second.unchanged !== studies ||
          indexed.bytesFetched !== 0
        )
          throw new Error(`indexed ${JSON.stringify(indexed)}`)
        first.runs.push(indexed.first.run)
        second.runs.push(indexed.second.run)
      }
      rows.push(first, second)
    }
    return [
      {
        title: `archive: an Orthanc of ${studies} studies (${stored} instances, ${instancesPerStudy} a study) indexed`,
        unit: 'studies',
        rows,
        conditions: [
          'one question at a time, by year of study date; every study sealed and fsynced in batches of 50; no rate limit (by night it is 200 a second, by day 10)',
          'Orthanc gives no sequences over QIDO-RS, so the BSN of a new study takes another question (two, of a study with more than eight instances); over C-FIND it gives them',
          'CPU is of the node’s side; Orthanc on the same machine, its storage without sync',
        ],
        notes: ['nothing was copied: no instance was fetched'],
      },
    ]
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

async function fill(port: number): Promise<number> {
  const to = { host: '127.0.0.1', port, calledAe: 'PACS', callingAe: 'DEMO' }
  let stored = 0
  for (let from = 0; from < studies; from += 250) {
    const instances: SampleInstance[] = []
    for (let number = from; number < from + 250; number++) instances.push(...tinyStudy(number))
    const outcomes = await storeInstances(to, instances)
    if (outcomes.some(({ status }) => status !== 0)) throw new Error('Orthanc refused an instance')
    stored += outcomes.length
  }
  return stored
}

function tinyStudy(number: number): SampleInstance[] {
  const day = `${2006 + (number % 20)}-${two(1 + (number % 12))}-${two(1 + (number % 28))}`
  return sampleStudy({
    ...{ kind: 'CR', size: 4, instances: instancesPerStudy, seed: `bench/${number}`, studyDate: day },
    ...{ description: `X-thorax ${number}`, institution: 'Archief (fictief)' },
    patient: {
      id: String(100_000 + (number >> 1)),
      bsn: '999990019',
      name: 'Voorbeeld^Anna',
      birthDate: '1958-03-21',
      sex: 'F',
    },
  })
}

const two = (value: number) => String(value).padStart(2, '0')

/** In a process of its own, as a node is. */
async function indexedBy(order: IndexOrder): Promise<IndexedOnce> {
  const flags = ['--disable-warning=ExperimentalWarning']
  const child: ChildProcess = spawn(process.execPath, [...flags, program, JSON.stringify(order)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`the indexer ended with ${code}`)
  return JSON.parse(text) as IndexedOnce
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await once(server.listen(0, '127.0.0.1'), 'listening')
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
