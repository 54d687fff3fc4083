import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { BenchOptions } from './benchmark.ts'
import { interleave } from './compare.ts'
import type { Comparison, Contestant, Run } from './compare.ts'
import { Storescp, dcmtkInstalled, pduBytes, storescu } from './dcmtk.ts'
import type { Nagle } from './dcmtk.ts'
import { watchUsage } from './process-usage.ts'
import { StudyFiles, dataSetBytes } from './study-files.ts'
import { TwoHospitals } from './two-hospitals.ts'

/** A modality stores a CT study: into a node, and into DCMTK's receiver. */
export async function benchIntake({
  mostRounds,
  profileDir,
  signal,
  budgetMs,
}: BenchOptions): Promise<Comparison[]> {
  if (!dcmtkInstalled()) throw new Error('intake needs storescu and storescp (Debian package dcmtk)')
  await using hospitals = await TwoHospitals.start({ profileDir }, signal)
  const stage = { hospitals, files: new StudyFiles() }
  const fast = await race(stage, {
    nagle: 'off',
    instances: 300,
    rounds: Math.min(mostRounds, 7),
    budgetMs: budgetMs * 0.6,
    signal,
  })
  const slow = await race(stage, {
    nagle: 'on',
    instances: 40,
    rounds: Math.min(mostRounds, 3),
    budgetMs: budgetMs * 0.2,
    signal,
  })
  return [fast, slow]
}

async function race(
  { hospitals, files }: { hospitals: TwoHospitals; files: StudyFiles },
  {
    nagle,
    instances,
    ...limits
  }: { nagle: Nagle; instances: number; rounds: number; budgetMs: number; signal: AbortSignal },
): Promise<Comparison> {
  const from = join(hospitals.dir, 'to-send')
  await using scp = await Storescp.start({ dir: hospitals.dir, nagle })
  const { dicom, pid } = hospitals.holder

  const send = async (to: { port: number; aeTitle: string; pid: number }): Promise<Run> => {
    const study = files.next(instances)
    await files.write(from, study)
    spawnSync('sync')
    const usage = watchUsage({ sender: process.pid, receiver: to.pid })
    const began = performance.now()
    await storescu(to, { dir: from, nagle })
    const seconds = (performance.now() - began) / 1000
    return { seconds, amount: dataSetBytes(study), ...usage() }
  }
  const node: Contestant = {
    rows: ['storescu → node: sealed, fsynced, catalogued'],
    run: async () => [await send({ ...dicom, pid })],
  }
  const dcmtk: Contestant = {
    rows: ['storescu → storescp +B: written', 'the same, then sync of its folder'],
    run: async () => {
      const written = await send(scp)
      const began = performance.now()
      spawnSync('sync', ['-f', scp.dir])
      const synced = { ...written, seconds: written.seconds + (performance.now() - began) / 1000 }
      await scp.empty()
      return [written, synced]
    },
  }
  const environment =
    nagle === 'off' ? 'TCP_NODELAY=1 for storescu and storescp' : "DCMTK's default environment: Nagle on"
  return {
    title: `intake: ${instances} CT instances of 0.53 MB by storescu, ${environment}`,
    unit: 'B',
    rows: await interleave([node, dcmtk], limits),
    conditions: [
      `one association, one instance at a time, as storescu works; PDU ${pduBytes} at both; page cache warm at the sender`,
      'ours answers each instance after its fsync; storescp never fsyncs and keeps no catalogue',
    ],
  }
}
