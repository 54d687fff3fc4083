import { spawnSync } from 'node:child_process'

/** One measured run of one contestant. */
export interface Run {
  seconds: number
  /** Bytes or items moved. */
  amount: number
  /** CPU seconds of each end. */
  cpu: Readonly<Record<string, number>>
  /** Resident memory of the largest process, at its highest. */
  peakMiB?: number
}

export interface Contestant {
  /** Names of the rows that one run yields: mostly one, two where the same run is read off twice. */
  rows: readonly string[]
  /** `round` counts from 0, the warm-up included. As many runs as rows. */
  run(round: number): Promise<readonly Run[]>
}

export interface Row {
  name: string
  runs: Run[]
}

export interface Comparison {
  title: string
  /** What `amount` counts. */
  unit: 'B' | 'entries' | 'lookups' | 'patients' | 'studies'
  /** Ours first; the others are its peers. */
  rows: Row[]
  /** What a reader must know to read the figures: settings, who fsyncs, what is left out. */
  conditions: string[]
  /** Figures that fit no column. */
  notes?: string[]
}

export interface Limits {
  rounds: number
  /** No round begins after this time. */
  budgetMs: number
  signal: AbortSignal
}

/**
 * Runs all contestants in every round, each round beginning with another, so that the machine's mood hits all alike. A
 * first round warms up and does not count. Dirty pages of one are on disk before the next begins.
 */
export async function interleave(contestants: readonly Contestant[], limits: Limits): Promise<Row[]> {
  const rows = contestants.map((contestant) => contestant.rows.map((name): Row => ({ name, runs: [] })))
  const over = performance.now() + limits.budgetMs
  for (let round = 0; round <= limits.rounds; round++) {
    if (round > 1 && performance.now() > over) break
    for (let turn = 0; turn < contestants.length; turn++) {
      limits.signal.throwIfAborted()
      const which = (round + turn) % contestants.length
      spawnSync('sync')
      const runs = (await contestants[which]?.run(round)) ?? []
      if (round > 0) rows[which]?.forEach((row, i) => row.runs.push(...runs.slice(i, i + 1)))
    }
  }
  return rows.flat()
}

export interface Spread {
  median: number
  min: number
  max: number
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const median = ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2
  return { median, min: sorted[0] ?? NaN, max: sorted.at(-1) ?? NaN }
}

export const rateOf = ({ amount, seconds }: Run): number => amount / seconds
export const cpuOf = ({ cpu }: Run): number => Object.values(cpu).reduce((sum, each) => sum + each, 0)

/** Our speed as a part of the peer's, in the same round. */
export function ratioTo(ours: Row, peer: Row): Spread {
  return spreadOf(
    ours.runs.flatMap((run, i) => {
      const other = peer.runs[i]
      return other === undefined ? [] : [rateOf(run) / rateOf(other)]
    }),
  )
}
