import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ApiClient } from '../demo-network/api-client.ts'
import { doorOf } from '../demo-network/door-of.ts'
import { storeInstances } from '../demo-network/store-instances.ts'
import { until } from '../demo-network/until.ts'
import type { BenchOptions } from './benchmark.ts'
import { interleave } from './compare.ts'
import type { Comparison, Run } from './compare.ts'
import { FileServer } from './file-server.ts'
import { firstPicturesOnPhone } from './first-picture-on-phone.ts'
import { peakMiB, resetPeak, residentMiB, watchUsage } from './process-usage.ts'
import { Recipient } from './recipient.ts'
import { StudyFiles, dataSetBytes } from './study-files.ts'
import { TwoHospitals } from './two-hospitals.ts'

/** A CT of half a gigabyte. */
const instances = Number(process.env['TWIIN_SHARE_INSTANCES'] ?? 950)
/** Patients who download at once, and how many of them one share has. */
const patients = Number(process.env['TWIIN_SHARE_PATIENTS'] ?? 200)
const ofOneShare = 50

/**
 * A CT goes to patients by a link: how long its package takes, how soon the first picture is there after the code, what a
 * download and two hundred of them cost the node. Beside it: Node's own HTTPS server that sends the same file.
 */
export async function benchShare({
  mostRounds,
  profileDir,
  signal,
  budgetMs,
}: BenchOptions): Promise<Comparison[]> {
  await using hospitals = await TwoHospitals.start({ profileDir, withShares: true }, signal)
  const { holder } = hospitals
  const study = new StudyFiles().next(instances)
  await storeInstances({ ...holder.dicom, calledAe: holder.dicom.aeTitle, callingAe: 'STORESCU' }, study)
  using staff = new ApiClient({
    url: holder.web.url,
    ca: await readFile(holder.web.caFile, 'utf8'),
    token: holder.web.tokens.radiologist,
  })
  const studyInstanceUid = study[0]?.studyInstanceUid ?? ''
  const before = residentMiB(holder.pid)
  resetPeak(holder.pid)
  const began = performance.now()
  const share = await makeShare(staff, studyInstanceUid, signal)
  const madeSeconds = (performance.now() - began) / 1000
  const madePeak = peakMiB(holder.pid)
  const afterwards = residentMiB(holder.pid)
  const door = { pid: doorOf(holder.pid) }
  const doorBefore = residentMiB(door.pid)

  const place = { url: share.url, caFile: holder.web.caFile }
  const first: number[] = []
  for (let i = 0; i < 5; i++) first.push(await Recipient.firstPicture(place, share.code))
  const onPhone = await firstPicturesOnPhone({ url: share.url, code: share.code }, 3)
  const file = join(holder.dataDir, 'shares', `${share.id}.package`)
  await using plain = await FileServer.start({ file, tlsDir: join(holder.dataDir, 'web') })
  const [one, many] = [await Recipient.entered(place, share.code), [] as Recipient[]]
  await one.giveKey()
  const whole = async (path: string, to: { pid: number; origin?: string }): Promise<Run> => {
    const usage = watchUsage({ server: to.pid })
    const start = performance.now()
    const amount = await one.download(path, to.origin)
    return { seconds: (performance.now() - start) / 1000, amount, ...usage() }
  }
  const limits = { rounds: Math.min(mostRounds, 3), budgetMs: budgetMs / 2, signal }
  const rows = await interleave(
    [
      {
        rows: ['package, encrypted, as a browser fetches it'],
        run: async () => [await whole('package?for=zip', door)],
      },
      { rows: ['zip, decrypted at the door (no script)'], run: async () => [await whole('zip', door)] },
      { rows: ["Node's https, the same file"], run: async () => [await whole('', plain)] },
    ],
    limits,
  )
  const shares = [share]
  while (shares.length * ofOneShare < patients) shares.push(await makeShare(staff, studyInstanceUid, signal))
  for (const { pid } of [holder, door]) resetPeak(pid)
  const crowdBegan = performance.now()
  for (let i = 0; i < patients; i++) {
    const { url, code } = shares[Math.floor(i / ofOneShare)] ?? share
    many.push(await Recipient.entered({ ...place, url }, code))
  }
  const each = 32 * 1024 * 1024
  const sizes = await Promise.all(many.map((patient) => patient.download('package?for=zip', undefined, each)))
  const crowdSeconds = (performance.now() - crowdBegan) / 1000
  const total = sizes.reduce((sum, size) => sum + size, 0)
  if (sizes.some((size) => size !== each)) throw new Error('a download was cut off')
  for (const patient of [one, ...many]) patient[Symbol.dispose]()
  const [crowdPeak, crowdPeakOfNode] = [peakMiB(door.pid), peakMiB(holder.pid)]
  return [
    {
      title: `share: a CT of ${instances} instances (${Math.round(dataSetBytes(study) / 1e6)} MB) to a patient`,
      unit: 'B',
      rows,
      conditions: [
        'one recipient on the same machine, TLS 1.3; the file is in the page cache',
        "Node's https: createReadStream piped into the answer, one process, no cookie, no range",
      ],
      notes: [
        `the door's process: resident memory ${doorBefore.toFixed(0)} MiB before the first recipient`,
        `package made in ${madeSeconds.toFixed(1)} s (pictures drawn, DICOM sealed anew), node's resident memory ${before.toFixed(0)} MiB before, at most ${madePeak.toFixed(0)} MiB, ${afterwards.toFixed(0)} MiB when it was whole`,
        `first picture ${first.map((ms) => ms.toFixed(0)).join(', ')} ms after the code was sent (manifest and picture fetched and decrypted)`,
        onPhone === undefined
          ? 'first picture in a browser: not measured, there is none here'
          : `the same in a browser as on a phone, from the press of the button, over the list, to the picture: ${onPhone.map((ms) => ms.toFixed(0)).join(', ')} ms`,
        `${patients} patients at once, ${Math.round(each / 1e6)} MB each: none failed, ${(total / 1e6 / crowdSeconds).toFixed(0)} MB/s together, the door at most ${crowdPeak.toFixed(0)} MiB, the node ${crowdPeakOfNode.toFixed(0)} MiB`,
      ],
    },
  ]
}

interface MadeShare {
  id: string
  url: string
  code: string
}

/** Resolves when its package is whole. */
async function makeShare(
  staff: ApiClient,
  studyInstanceUid: string,
  signal: AbortSignal,
): Promise<MadeShare> {
  const share = await staff.call<MadeShare>('POST', '/api/v1/shares', {
    studyInstanceUids: [studyInstanceUid],
    recipient: { kind: 'patient' },
    secondFactor: { kind: 'letter' },
  })
  const isWhole = async () => {
    const path = `/api/v1/shares/${share.id}`
    const { state, reason } = await staff.call<{ state: string; reason?: string }>('GET', path)
    if (state === 'failed') throw new Error(`share failed: ${reason}`)
    return state === 'open'
  }
  await until(isWhole, { timeoutMs: 600_000, what: 'package is whole', signal })
  return share
}
