import { parseCheckpoint } from '@twiin/transparency'
import type { Recorded } from '../ledger/acts.ts'
import type { Register } from '../ledger/register.ts'
import { LedgerCopy } from './ledger-copy.ts'
import type { LogClient } from './log-client.ts'

/** What somebody who watches over a URA wants to see. */
const shown: readonly Recorded['act'][] = [
  ...(['approved', 'issued', 'revoked', 'suspended', 'resumed', 'reviewed', 'self-tested'] as const),
  'quota-set',
]

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
  /** Of the newest checkpoint that has enough. */
  readonly cosigners: readonly string[]
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
  deps: { client: LogClient; now: number },
): Promise<Monitored> {
  const { client } = deps
  const copy = new LedgerCopy()
  const entries: MonitoredEntry[] = []
  const cosignedNote = await client.cosigned()
  const note = await client.checkpoint()
  for await (const line of client.lines(0, parseCheckpoint(note).size)) {
    const act = copy.add(line)
    if (shown.includes(act.act) && concerns(act, options.ura, copy.register))
      entries.push({ index: copy.size - 1, act })
  }
  const { size } = copy.judge(note)
  const known = options.since === undefined ? 0 : copy.judge(options.since).size
  const { register } = copy
  const cosigners = cosignedNote === undefined ? [] : copy.judge(cosignedNote).cosigners
  const witnesses = new Set([...register.witnesses, ...register.witnessesBefore])
  const isRequired =
    register.foundingEnded !== undefined || deps.now >= (register.founded?.foundingEndsAt ?? 0)
  const quorum = register.foundingEnded?.quorum ?? 2
  return {
    ...{ note, size, known, cosigners, entries },
    logKey: register.founded?.logKey ?? '',
    phase: isRequired ? 'required' : 'founding',
    isCosigned: !isRequired || cosigners.filter((name) => witnesses.has(name)).length >= quorum,
  }
}

function concerns(act: Recorded, ura: string, register: Register): boolean {
  if (act.act === 'approved') return act.application.ura === ura
  if ('ura' in act) return act.ura === ura
  if ('peerId' in act) return register.keys.get(act.peerId)?.ura === ura
  return false
}
