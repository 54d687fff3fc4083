import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import { writeFileDurably } from '@twiin/store'
import { contradiction, parseCheckpoint, verifyCheckpoint } from '@twiin/transparency'
import type { Checkpoint, LogIdentity } from '@twiin/transparency'
import { emptyState, readState, writeState } from './log-view-file.ts'
import type { LogViewState } from './log-view-file.ts'
import { StateFile } from './state-file.ts'

/** spec 11 §7 */
const sizesRemembered = 512
/** Contradictions an operator has dealt with; of more than one there is hardly ever talk. */
const mostSettled = 64

/** The two notes for which the log is distrusted, and since when, milliseconds since the Unix epoch. */
interface Distrust {
  readonly since: number
  readonly first: string
  readonly second: string
  /** Where the second came from. */
  readonly from: string
}
/** What a note turned out to be: of this log, and like all that was seen; proof of two lists; or nothing. */
export type Sighting = 'consistent' | 'contradiction' | 'worthless'

type Told = (first: string, second: string) => void

/**
 * The log as this node has seen it: its key, the roots of its largest sizes, and whether it ever showed two lists (spec 11 §7).
 * Everything it compares is in memory; it survives a restart.
 */
export class LogView {
  readonly #proofFile: string
  readonly #viewFile: string
  readonly #clock: Clock
  readonly #log: Logger
  readonly #file: StateFile
  readonly #listeners: Told[] = []
  #proving: Promise<void> = Promise.resolve()
  #state: LogViewState = emptyState()
  #distrust: (Distrust & { onDisk: boolean }) | undefined

  constructor(options: { dir: string }, deps: { clock: Clock; log: Logger }) {
    this.#proofFile = join(options.dir, 'equivocation.json')
    this.#viewFile = join(options.dir, 'log-view.json')
    this.#clock = deps.clock
    this.#log = deps.log
    this.#file = new StateFile(this.#viewFile, () => writeState(this.#state))
  }

  /** Takes what is on disk. While the file of the evidence is there, whatever stands in it, the log is distrusted. */
  async load(): Promise<void> {
    const text = await readFile(this.#viewFile, 'utf8').catch(() => undefined)
    if (text !== undefined) {
      try {
        this.#state = readState(text)
      } catch (error) {
        this.#log.error('view of the log not read; begun anew', { code: codeOf(error) })
      }
    }
    const proof = await readFile(this.#proofFile, 'utf8').catch(() => undefined)
    if (proof !== undefined) this.#distrust = { ...readProof(proof, this.#clock.now()), onDisk: true }
    else if (this.#state.accused !== undefined) await this.#settle()
  }

  /** The log of this network; undefined before the first bundle. */
  get identity(): LogIdentity | undefined {
    return this.#state.log
  }

  /** Keeps the first log there ever was (spec 11 §3). Throws LOG_KEY_CHANGED for another one. */
  async pin(log: LogIdentity): Promise<void> {
    this.requireSame(log)
    if (this.#state.log !== undefined) return
    this.#state.log = { origin: log.origin, publicKey: Uint8Array.from(log.publicKey) }
    await this.#save()
  }

  /** Throws LOG_KEY_CHANGED. */
  requireSame({ origin, publicKey }: LogIdentity): void {
    const pinned = this.#state.log
    if (pinned === undefined) return
    if (pinned.origin !== origin || Buffer.compare(pinned.publicKey, publicKey) !== 0)
      throw new TwiinError('LOG_KEY_CHANGED', { origin })
  }

  /**
   * Looks at a note, wherever it came from: remembers its root, or finds that it contradicts one that was seen. What cannot
   * be read or was not signed by the log is passed over.
   */
  note(note: string, from: string): Sighting {
    const { log, roots } = this.#state
    if (log === undefined) return 'worthless'
    let checkpoint: Checkpoint
    try {
      checkpoint = parseCheckpoint(note)
      const known = roots.get(checkpoint.size)
      // Nearly always somebody else has shown it already: no signature to check.
      if (known !== undefined && known.startsWith(checkpoint.body)) return 'consistent'
      checkpoint = verifyCheckpoint(note, log)
      if (known !== undefined) {
        return this.accuse(known, note, from) ? 'contradiction' : 'consistent'
      }
    } catch {
      return 'worthless'
    }
    this.#remember(checkpoint.size, note)
    return 'consistent'
  }

  /** The smallest sizes go: old notes are there for the asking, and showing them must not wash away what is new. */
  #remember(size: number, note: string): void {
    const { roots } = this.#state
    roots.set(size, withoutCosignatures(note))
    while (roots.size > sizesRemembered) roots.delete(Math.min(...roots.keys()))
    if (roots.has(size)) void this.#save()
  }

  /** Two notes that are said to contradict each other. Returns whether they prove it; from then on the log is distrusted. */
  accuse(first: string, second: string, from: string): boolean {
    const { log, settled } = this.#state
    if (log === undefined || !contradiction(first, second, log)) return false
    const pair = [first, second].map((note) => parseCheckpoint(note).body)
    if (pair.every((body) => settled.includes(body))) return false
    if (this.#distrust !== undefined) return true
    const since = this.#clock.now()
    const notes = { first: withoutCosignatures(first), second: withoutCosignatures(second) }
    this.#distrust = { since, ...notes, from, onDisk: false }
    this.#log.error('the log showed two lists: it is not trusted any more', {
      from,
      code: 'LOG_EQUIVOCATION',
    })
    this.#proving = this.#keepProof()
    for (const listener of this.#listeners) listener(notes.first, notes.second)
    return true
  }

  get distrust(): Distrust | undefined {
    return this.#distrust
  }

  /** Told once of each contradiction. */
  onContradiction(listener: Told): void {
    this.#listeners.push(listener)
  }

  /** The largest tree seen, as a note with the log's signature alone; empty before the first. */
  get newest(): string {
    const largest = Math.max(...this.#state.roots.keys())
    return this.#state.roots.get(largest) ?? ''
  }

  /** Looks whether an operator removed the file of the evidence; then the log is trusted again. */
  async review(): Promise<void> {
    if (this.#distrust === undefined) return
    if (!this.#distrust.onDisk) return this.#keepProof()
    const isThere = await access(this.#proofFile).then(
      () => true,
      (error: unknown) => codeOf(error) !== 'ENOENT',
    )
    if (!isThere) await this.#settle()
  }

  /** Resolves when everything seen so far is on disk, or could not be written. */
  async settled(): Promise<void> {
    await this.#proving
    await this.#file.settled()
  }

  async #keepProof(): Promise<void> {
    const { log } = this.#state
    const distrust = this.#distrust
    if (log === undefined || distrust === undefined) return
    const { since, first, second, from } = distrust
    const proof = {
      code: 'LOG_EQUIVOCATION',
      at: new Date(since).toISOString(),
      log: { origin: log.origin, publicKey: Buffer.from(log.publicKey).toString('base64') },
      ...{ from, first, second },
    }
    try {
      await writeFileDurably(this.#proofFile, Buffer.from(`${JSON.stringify(proof, null, 2)}\n`))
      distrust.onDisk = true
    } catch (error) {
      return this.#log.error('evidence of equivocation not written', { code: codeOf(error) })
    }
    // Only after the file is there, or its absence at the next start would be taken for an operator's word.
    this.#state.accused = [first, second]
    await this.#save()
  }

  /** This very pair is dealt with: peers that still tell of it, or show one of the two, start nothing anew. */
  async #settle(): Promise<void> {
    const notes = this.#state.accused ?? []
    this.#distrust = undefined
    delete this.#state.accused
    const bodies = notes.map((note) => parseCheckpoint(note).body)
    this.#state.settled = [...this.#state.settled, ...bodies].slice(-mostSettled)
    this.#log.warn('the evidence of equivocation was removed: the log is trusted again')
    await this.#save()
  }

  async #save(): Promise<void> {
    await this.#file.save().catch((error: unknown) => {
      this.#log.error('view of the log not written', { code: codeOf(error) })
    })
  }
}

/** What the log said and its signature: the proof does not rest on the witnesses, and 512 notes stay small. */
function withoutCosignatures(note: string): string {
  return `${note.split('\n').slice(0, 5).join('\n')}\n`
}

function readProof(text: string, now: number): Distrust {
  let proof: Record<string, unknown> = {}
  try {
    proof = { ...(JSON.parse(text) as object) }
  } catch {
    // Its being there is what counts.
  }
  const { at, first, second, from } = proof
  const since = typeof at === 'string' ? Date.parse(at) : NaN
  const textOf = (value: unknown) => (typeof value === 'string' ? value : '')
  return {
    since: Number.isNaN(since) ? now : since,
    ...{ first: textOf(first), second: textOf(second), from: textOf(from) },
  }
}
