import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Level } from 'level'
import { aStudy } from '@twiin/study-index/testing'
import type { BenchOptions } from './benchmark.ts'
import { interleave, spreadOf } from './compare.ts'
import type { Comparison, Contestant, Run } from './compare.ts'
import { IndexNodes } from './index-nodes.ts'

const nodes = 5
const patientsARound = 1000
const lookupsARound = 200
/** A sealed entry of one study with its header and signature, as replicas keep it. */
const entryBytes = 1100
const perBatch = 500

/** The study index: publishing to replicas that check and fsync, and finding in them, beside LevelDB with nothing on it. */
export async function benchIndex({ mostRounds, signal, budgetMs }: BenchOptions): Promise<Comparison[]> {
  const dir = await mkdtemp(join(tmpdir(), 'twiin-bench-'))
  try {
    await using network = await IndexNodes.start({ dir, nodes })
    const plain = Array.from(
      { length: nodes },
      (_, i) => new Level<string, Buffer>(join(dir, `plain-${i}`), { valueEncoding: 'buffer' }),
    )
    await Promise.all(plain.map((level) => level.open()))
    try {
      const published: Uint8Array[] = []
      const publishing = await interleave([publish(network, published), batchPut(plain)], {
        rounds: Math.min(mostRounds, 7),
        budgetMs: budgetMs * 0.7,
        signal,
      })
      const latencies = { ours: [] as number[], plain: [] as number[] }
      const looking = await interleave(
        [find(network, published, latencies.ours), get(plain, latencies.plain)],
        { rounds: Math.min(mostRounds, 5), budgetMs: budgetMs * 0.3, signal },
      )
      return [publishingOf(publishing), lookingOf(looking, latencies, published.length)]
    } finally {
      await Promise.all(plain.map((level) => level.close()))
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

function publish(network: IndexNodes, published: Uint8Array[]): Contestant {
  return {
    rows: [`IndexPublisher → ${nodes} replicas: signed, sealed, checked, fsynced`],
    run: () =>
      timed(patientsARound, async () => {
        const tokens = Array.from({ length: patientsARound }, () => new Uint8Array(randomBytes(64)))
        const keys = tokens.map((token) => Buffer.from(token).toString('hex'))
        await Promise.all(tokens.map((token, i) => network.publisher.want(keys[i] ?? '', token, [aStudy])))
        // `pending` does not count what is on its way, so each patient is looked at
        for (const key of keys) while (!network.isStored(key, nodes)) await sleep(2)
        published.push(...tokens)
      }),
  }
}

function batchPut(plain: readonly Level<string, Buffer>[]): Contestant {
  return {
    rows: [`plain LevelDB, batches of ${perBatch}, sync, into ${nodes} databases`],
    run: () =>
      timed(patientsARound, async () => {
        const puts = Array.from({ length: patientsARound }, () => ({
          type: 'put' as const,
          key: randomBytes(32).toString('hex'),
          value: randomBytes(entryBytes),
        }))
        await Promise.all(
          plain.map(async (level) => {
            for (let at = 0; at < puts.length; at += perBatch)
              await level.batch(puts.slice(at, at + perBatch), { sync: true })
          }),
        )
      }),
  }
}

function find(network: IndexNodes, published: readonly Uint8Array[], latencies: number[]): Contestant {
  return {
    rows: ['IndexReader: three replicas, union, verified, opened'],
    run: (round) =>
      timed(lookupsARound, async () => {
        for (let i = 0; i < lookupsARound; i++) {
          const token = published[(i * 7919) % published.length]
          if (token === undefined) throw new Error('nothing published')
          const began = performance.now()
          const { publishers } = await network.reader.find(token)
          if (round > 0) latencies.push(performance.now() - began)
          if (publishers.length !== 1) throw new Error('a published patient was not found')
        }
      }),
  }
}

function get(plain: readonly Level<string, Buffer>[], latencies: number[]): Contestant {
  return {
    rows: ['plain LevelDB: one get'],
    run: async (round) => {
      const keys = await plain[0]?.keys({ limit: lookupsARound }).all()
      return timed(lookupsARound, async () => {
        for (const key of keys ?? []) {
          const began = performance.now()
          await plain[0]?.get(key)
          if (round > 0) latencies.push(performance.now() - began)
        }
      })
    },
  }
}

async function timed(amount: number, work: () => Promise<void>): Promise<Run[]> {
  const used = process.cpuUsage()
  const began = performance.now()
  await work()
  const { user, system } = process.cpuUsage(used)
  return [{ amount, seconds: (performance.now() - began) / 1000, cpu: { all: (user + system) / 1e6 } }]
}

function publishingOf(rows: Comparison['rows']): Comparison {
  const [ours] = rows
  const writes = spreadOf((ours?.runs ?? []).map(({ amount, seconds }) => (amount * nodes) / seconds))
  return {
    title: `index, publishing: ${patientsARound} patients a round, each to ${nodes} replicas`,
    unit: 'entries',
    rows,
    conditions: [
      'one process for publisher and replicas, messages through their codecs, no sockets; each replica its own LevelDB',
      "the publisher's own record is in memory here; a node writes that to disk too",
    ],
    notes: [
      `${writes.median.toFixed(0)} replica writes/s, each with its own Ed25519 check and fsynced in groups`,
    ],
  }
}

function lookingOf(
  rows: Comparison['rows'],
  latencies: { ours: number[]; plain: number[] },
  patients: number,
): Comparison {
  const line = (name: string, values: number[]) =>
    `${name}: p50 ${percentile(values, 0.5).toFixed(2)} ms, p95 ${percentile(values, 0.95).toFixed(2)} ms`
  return {
    title: `index, finding: one patient of ${patients}, one question after the other`,
    unit: 'lookups',
    rows,
    conditions: [
      `a lookup fetches whole buckets (about ${patients >> IndexNodes.bits} patients), so that replicas do not learn whom it is about`,
    ],
    notes: [line('ours', latencies.ours), line('plain get', latencies.plain)],
  }
}

function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) * part)] ?? NaN
}
