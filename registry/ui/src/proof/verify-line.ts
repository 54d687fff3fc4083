import type { LogState } from '../api-types.ts'
import { fromBase64, fromHex, sameBytes, toBase64, utf8 } from './bytes.ts'
import type { Bytes } from './bytes.ts'
import { cosignersOf, isSignedByLog, parseCheckpoint } from './checkpoint.ts'
import type { Checkpoint } from './checkpoint.ts'
import { leafHash, rootOf } from './inclusion.ts'

/**
 * What the registry is asked for. Lines, paths, roots and signatures are not believed, but computed again. **Who the
 * witnesses are, how many are needed and in which phase the network is, the registry says**: a browser holds no bundle. A
 * registry with witnesses of its own making is found by nodes, which judge by the bundle before (spec 11 §6).
 */
export interface LogSource {
  logState: () => Promise<LogState>
  logEntries: (start: number, count: number) => Promise<{ entries: { index: number; line: string }[] }>
  inclusion: (index: number, size: number) => Promise<{ path: string[] }>
}

export type Judgement = 'held' | 'broken' | 'unknown'

export interface Proof {
  /** Whether the line stands in the tree of the checkpoint. */
  inclusion: Judgement
  /** Whether the log's own key signed the checkpoint. Unknown: this browser cannot verify Ed25519. */
  logSignature: Judgement
  /** Whether every line under the name of a witness fits; one that does not makes the checkpoint invalid. */
  cosignatures: Judgement
  /** Peer IDs of witnesses whose cosignature is on the checkpoint and fits. */
  cosigners: readonly string[]
  /** As the registry says, and so is the phase. */
  quorum: number
  phase: LogState['phase']
  size: number
  /** Base64, as in the checkpoint, and as computed from the line. */
  root: string
  computed: string | undefined
  /** How many hashes lead from the line to the root. */
  steps: number
}

/**
 * Proves in this browser that one line of the ledger stands in the log (spec 11 §2, §3): SHA-256 along the path to the root
 * of the checkpoint, the log's signature on it, and the witnesses' cosignatures. The log's key is that of the first line,
 * which is proven to stand in the same tree. Throws NO_CHECKPOINT while there is none that covers the line.
 */
export async function proveLine(line: string, index: number, source: LogSource): Promise<Proof> {
  const state = await source.logState()
  const checkpoint = parseCheckpoint(state.checkpoint ?? '')
  if (checkpoint === undefined || checkpoint.size <= index) throw new Error('NO_CHECKPOINT')
  const [{ computed, steps }, log] = await Promise.all([
    lead(line, index, checkpoint, source),
    logOf(checkpoint, source),
  ])
  const isIncluded = computed !== undefined && sameBytes(computed, checkpoint.root)
  const logSignature = await judged(async () => log !== undefined && isSignedByLog(checkpoint, log))
  const witnesses = state.witnesses.map(({ peerId }) => peerId)
  const cosigners = logSignature === 'unknown' ? [] : await cosignersOf(checkpoint, witnesses)
  const cosignatures = cosigners === undefined ? 'broken' : logSignature === 'unknown' ? 'unknown' : 'held'
  return {
    inclusion: isIncluded ? 'held' : 'broken',
    logSignature,
    cosignatures,
    cosigners: cosigners ?? [],
    quorum: state.quorum,
    phase: state.phase,
    size: checkpoint.size,
    root: toBase64(checkpoint.root),
    computed: computed && toBase64(computed),
    steps,
  }
}

async function lead(
  line: string,
  index: number,
  { size }: Checkpoint,
  source: LogSource,
): Promise<{ computed: Bytes | undefined; steps: number }> {
  const { path } = await source.inclusion(index, size)
  const hashes = path.map((step) => fromBase64(step) ?? new Uint8Array())
  const leaf = await leafHash(utf8(line))
  return { computed: await rootOf({ index, size, leaf, path: hashes }), steps: path.length }
}

/** From the line `founded`, if that is the first one of this very tree. */
async function logOf(
  checkpoint: Checkpoint,
  source: LogSource,
): Promise<{ origin: string; publicKey: Bytes } | undefined> {
  const [first] = (await source.logEntries(0, 1)).entries
  if (first === undefined) return undefined
  const { computed } = await lead(first.line, 0, checkpoint, source)
  if (computed === undefined || !sameBytes(computed, checkpoint.root)) return undefined
  const { logKey, trustDomain } = JSON.parse(first.line) as { logKey?: unknown; trustDomain?: unknown }
  const publicKey = typeof logKey === 'string' ? fromHex(logKey) : undefined
  if (publicKey?.length !== 32 || typeof trustDomain !== 'string') return undefined
  return { origin: `${trustDomain}/log`, publicKey }
}

async function judged(check: () => Promise<boolean>): Promise<Judgement> {
  try {
    return (await check()) ? 'held' : 'broken'
  } catch {
    return 'unknown'
  }
}
