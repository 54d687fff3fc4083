import { parseCheckpoint } from '@twiin/transparency'
import type { Recorded } from '../ledger/acts.ts'
import type { Register } from '../ledger/register.ts'
import { LedgerCopy } from './ledger-copy.ts'
import type { LogClient } from './log-client.ts'
import { phaseOf, quorum } from './witness-set.ts'

/** What somebody who watches over a URA wants to see. */
const shown: readonly Recorded['act'][] = [
  ...(['approved', 'issued', 'revoked', 'suspended', 'resumed', 'reviewed', 'self-tested'] as const),
  'quota-set',
]

/** Cosignatures come within seconds; a list that nobody vouched for so long is somebody's private one. */
const longestUncosignedMs = 3_600_000

export interface MonitoredEntry {
  /** Index of the line in the log. */
  readonly index: number
  readonly act: Recorded
}

export interface Monitored {
  /** The note that all of this was verified against. */
  readonly note: string
  readonly size: number
  /** Lines that were there at the earlier look. */
  readonly known: number
  readonly logKey: string
  readonly phase: 'founding' | 'required'
  /** How many of the lines, from the first on, the newest checkpoint with enough cosignatures covers. */
  readonly cosignedSize: number
  /** Witnesses whose cosignature is on that one. */
  readonly cosigners: readonly string[]
  /** False when cosignatures are required, and a line that is older than an hour has too few. */
  readonly isCosigned: boolean
  readonly entries: readonly MonitoredEntry[]
}

/**
 * Reads the whole log and shows what it says of one URA. All lines are read: of a log that is only asked about what it wants
 * to show one learns nothing. `since` is the note of an earlier look: the log must begin with what it had then.
 *
 * Throws LEDGER_BROKEN, CHECKPOINT_INVALID, LOG_DIVERGED, CHECKPOINT_AHEAD (it has fewer lines than it had).
 */
export async function monitorLog(
  options: { ura: string; since?: string },
  deps: { client: Pick<LogClient, 'checkpoint' | 'cosigned' | 'lines'>; now: number },
): Promise<Monitored> {
  const { client } = deps
  const copy = new LedgerCopy()
  const entries: MonitoredEntry[] = []
  const cosignedNote = await client.cosigned()
  const note = await client.checkpoint()
  const times: number[] = []
  for await (const line of client.lines(0, parseCheckpoint(note).size)) {
    const act = copy.add(line)
    times.push(act.at)
    if (shown.includes(act.act) && concerns(act, options.ura, copy.register))
      entries.push({ index: copy.size - 1, act })
  }
  const { size } = copy.judge(note)
  const known = options.since === undefined ? 0 : copy.judge(options.since).size
  const { register } = copy
  const phase = phaseOf(register, deps.now)
  const { cosignedSize, cosigners } = cosignedOf(copy, cosignedNote)
  const firstUncosigned = times[cosignedSize] ?? deps.now
  return {
    ...{ note, size, known, phase, cosignedSize, cosigners, entries },
    logKey: register.founded?.logKey ?? '',
    isCosigned: phase === 'founding' || deps.now - firstUncosigned <= longestUncosignedMs,
  }
}

/** What the witnesses vouch for: nothing, when they are too few. */
function cosignedOf(
  copy: LedgerCopy,
  note: string | undefined,
): { cosignedSize: number; cosigners: string[] } {
  const { size, cosigners } = note === undefined ? { size: 0, cosigners: [] } : copy.judge(note)
  const { witnesses, witnessesBefore, foundingEnded } = copy.register
  const known = new Set([...witnesses, ...witnessesBefore])
  const ours = cosigners.filter((name) => known.has(name))
  return { cosignedSize: ours.length >= (foundingEnded?.quorum ?? quorum) ? size : 0, cosigners: ours }
}

function concerns(act: Recorded, ura: string, register: Register): boolean {
  if (act.act === 'approved') return act.application.ura === ura
  if ('ura' in act) return act.ura === ura
  if ('peerId' in act) return register.keys.get(act.peerId)?.ura === ura
  return false
}
