/**
 * `npm run bench -- [NAME...] [--json FILE] [--profile DIR] [--rounds N]`: benchmarks beside their peers, in the same run.
 * What they mean and what was measured last stands in docs/benchmarks.md. Linux; about eight minutes for all.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { benchArchive } from './bench/archive.ts'
import type { BenchOptions } from './bench/benchmark.ts'
import { benchChannel } from './bench/channel.ts'
import type { Comparison } from './bench/compare.ts'
import { describeEnvironment, environment } from './bench/environment.ts'
import { benchIndex } from './bench/index-entries.ts'
import { benchIntake } from './bench/intake.ts'
import { watchOthers } from './bench/process-usage.ts'
import { topSelfTime } from './bench/profile.ts'
import { figuresOf, report } from './bench/report.ts'
import { benchShare } from './bench/share.ts'
import { benchToken } from './bench/token.ts'
import { benchTransfer } from './bench/transfer.ts'

const benchmarks: Readonly<Record<string, (options: BenchOptions) => Promise<Comparison[]>>> = {
  intake: benchIntake,
  transfer: benchTransfer,
  channel: benchChannel,
  index: benchIndex,
  token: benchToken,
  archive: benchArchive,
  share: benchShare,
}
const usage = `npm run bench -- [${Object.keys(benchmarks).join('|')} ...] [--json FILE] [--profile DIR] [--rounds N]`
/** For the rounds of one benchmark. */
const budgetMs = 55_000

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'string' },
      profile: { type: 'string' },
      rounds: { type: 'string', default: '9' },
    },
  })
  const names = positionals.length === 0 ? Object.keys(benchmarks) : positionals
  const unknown = names.find((name) => !Object.hasOwn(benchmarks, name))
  if (unknown !== undefined) throw new Error(`no benchmark ${unknown}\nusage: ${usage}`)
  const mostRounds = Number(values.rounds)
  if (!(mostRounds >= 1)) throw new Error(`--rounds takes a number from 1\nusage: ${usage}`)
  const profileDir = values.profile === undefined ? undefined : resolve(values.profile)
  if (profileDir !== undefined) await mkdir(profileDir, { recursive: true })

  const stopped = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => stopped.abort(new Error(`stopped by ${signal}`)))
  const at = environment()
  console.log(`${describeEnvironment(at)}\n`)
  const results: object[] = []
  for (const name of names) {
    const others = watchOthers()
    const comparisons =
      (await benchmarks[name]?.({ profileDir, mostRounds, signal: stopped.signal, budgetMs })) ?? []
    const takenByOthers = others()
    for (const comparison of comparisons) console.log(`${report(comparison)}\n`)
    console.log(`Others took ${(100 * takenByOthers).toFixed(0)} % of the CPUs during ${name}.\n`)
    results.push({ benchmark: name, takenByOthers, comparisons: comparisons.map(figuresOf) })
  }
  if (profileDir !== undefined) console.log(await topSelfTime(profileDir))
  if (values.json !== undefined)
    await writeFile(
      values.json,
      `${JSON.stringify({ at: new Date().toISOString(), environment: at, results }, null, 2)}\n`,
    )
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`)
    process.exit(1)
  },
)
