import { spawnSync } from 'node:child_process'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { storeInstances } from '../demo-network/store-instances.ts'
import type { BenchOptions } from './benchmark.ts'
import { interleave } from './compare.ts'
import type { Comparison, Contestant, Run } from './compare.ts'
import { Storescp, dcmtkInstalled, pduBytes, storescu } from './dcmtk.ts'
import { FarEnd } from './far-end.ts'
import { watchUsage } from './process-usage.ts'
import { StudyFiles, dataSetBytes } from './study-files.ts'
import type { TlsLine } from './tls-line.ts'
import { TwoHospitals } from './two-hospitals.ts'

const instances = 300

/** One CT study from one hospital to another: by retrieval, by DICOM, and by tar over TLS. */
export async function benchTransfer({
  mostRounds,
  profileDir,
  signal,
  budgetMs,
}: BenchOptions): Promise<Comparison[]> {
  await using hospitals = await TwoHospitals.start({ profileDir }, signal)
  await using scp = dcmtkInstalled() ? await Storescp.start({ dir: hospitals.dir, nagle: 'off' }) : undefined
  await using tar = await TarPeer.start(join(hospitals.dir, 'unpacked'))
  const files = new StudyFiles()
  const from = join(hospitals.dir, 'to-send')
  await hospitals.permit()
  const { holder, receiver } = hospitals

  const retrieval: Contestant = {
    rows: ['node → node: judged, signed, sealed, verified, fsynced'],
    run: async () => {
      const study = files.next(instances)
      const to = { ...holder.dicom, calledAe: holder.dicom.aeTitle, callingAe: 'DEMO' }
      await storeInstances(to, study)
      const order = await hospitals.find(study[0]?.studyInstanceUid ?? '', instances)
      spawnSync('sync')
      const usage = watchUsage({ holder: holder.pid, receiver: receiver.pid })
      const seconds = await hospitals.retrieve(order)
      return [{ seconds, amount: dataSetBytes(study), ...usage() }]
    },
  }
  /** A run of a peer that moves files, read off when they are written and again when they are on disk. */
  const moved = async (
    ends: Record<string, number>,
    into: string,
    move: () => Promise<number>,
  ): Promise<readonly Run[]> => {
    const study = files.next(instances)
    await files.write(from, study)
    spawnSync('sync')
    const usage = watchUsage(ends)
    const seconds = await move()
    const written: Run = { seconds, amount: dataSetBytes(study), ...usage() }
    const began = performance.now()
    spawnSync('sync', ['-f', into])
    return [written, { ...written, seconds: seconds + (performance.now() - began) / 1000 }]
  }
  const byTar: Contestant = {
    rows: ['tar | TLS | tar: written', 'the same, then sync'],
    run: async () => {
      const runs = await moved(tar.pids, hospitals.dir, () => tar.move(from))
      await tar.empty()
      return runs
    },
  }
  const byDicom = (peer: Storescp): Contestant => ({
    rows: ['storescu → storescp +B: written', 'the same, then sync '],
    run: async () => {
      const runs = await moved({ sender: process.pid, receiver: peer.pid }, peer.dir, async () => {
        const began = performance.now()
        await storescu(peer, { dir: from, nagle: 'off' })
        return (performance.now() - began) / 1000
      })
      await peer.empty()
      return runs
    },
  })
  const peers = scp === undefined ? [byTar] : [byDicom(scp), byTar]
  const rows = await interleave([retrieval, ...peers], { rounds: Math.min(mostRounds, 7), budgetMs, signal })
  return [
    {
      title: `transfer: ${instances} CT instances of 0.53 MB from one hospital to another, loopback`,
      unit: 'B',
      rows,
      conditions: [
        "ours: from the radiologist's request to `delivered`, destination viewer (no PACS behind it), 4 lanes at most",
        `storescu and storescp: TCP_NODELAY=1, PDU ${pduBytes}, no encryption; TLS 1.3, AES-128-GCM; neither fsyncs nor verifies`,
        'no delay on the line: over distance, one instance per round trip is what C-STORE does',
      ],
      ...(scp === undefined && { notes: ['DCMTK is not installed: its row is missing'] }),
    },
  ]
}

/** Two processes with a TLS line between them. */
class TarPeer implements AsyncDisposable {
  readonly #sender: FarEnd
  readonly #receiver: FarEnd
  readonly #line: TlsLine
  readonly #dir: string

  private constructor(ends: { sender: FarEnd; receiver: FarEnd; line: TlsLine }, dir: string) {
    this.#sender = ends.sender
    this.#receiver = ends.receiver
    this.#line = ends.line
    this.#dir = dir
  }

  static async start(dir: string): Promise<TarPeer> {
    const [sender, receiver] = [new FarEnd('tar-end.ts'), new FarEnd('tar-end.ts')]
    const line = await receiver.ask<TlsLine>('listen')
    const peer = new TarPeer({ sender, receiver, line }, dir)
    await receiver.ask('expect', dir)
    await peer.empty()
    return peer
  }

  get pids(): Record<string, number> {
    return { sender: this.#sender.pid, receiver: this.#receiver.pid }
  }

  move(from: string): Promise<number> {
    return this.#sender.ask('send', { line: this.#line, dir: from })
  }

  async empty(): Promise<void> {
    await rm(this.#dir, { recursive: true, force: true })
    await mkdir(this.#dir)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#sender[Symbol.asyncDispose](), this.#receiver[Symbol.asyncDispose]()])
  }
}
