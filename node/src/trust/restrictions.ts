import { readFile } from 'node:fs/promises'
import type { Bundle } from '@twiin/protocol'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Logger } from '@twiin/runtime'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { StateFile } from './state-file.ts'

export type Revocation = Bundle['revoked'][number]

/** As many as a bundle may hold, of all bundles that restrict together. */
const mostKept = 20_000

const Restriction = Type.Object({
  peerId: Type.String(),
  serial: Type.String(),
  state: Type.Union([Type.Literal('revoked'), Type.Literal('suspended')]),
  at: Type.Number(),
  reason: Type.String(),
  /** Of the bundle that said so. */
  version: Type.Number(),
  issuedAt: Type.Number(),
})
type Restriction = Static<typeof Restriction>
const shape = Compile(
  Type.Object({
    version: Type.Number(),
    bundle: Type.Optional(Type.String()),
    entries: Type.Array(Restriction, { maxItems: mostKept }),
  }),
)

/**
 * Revocations of bundles that were properly signed but not cosigned (spec 11 §6). They add up: a bundle that leaves out
 * what an earlier one said gives nobody anything back; only a bundle taken whole does. They survive a restart.
 */
export class Restrictions {
  readonly #path: string
  readonly #log: Logger
  readonly #file: StateFile
  /** Oldest first, those of peers in no bundle before the others. */
  #entries: Restriction[] = []
  /** The last one, as it travels: others may need it from us. */
  #bundle: Uint8Array | undefined
  #version = 0

  constructor(options: { file: string }, deps: { log: Logger }) {
    this.#path = options.file
    this.#log = deps.log
    this.#file = new StateFile(options.file, () => this.#encode())
  }

  async load(): Promise<void> {
    const text = await readFile(this.#path, 'utf8').catch(() => undefined)
    if (text === undefined) return
    try {
      const value: unknown = JSON.parse(text)
      if (!shape.Check(value)) throw new TwiinError('STATE_UNREADABLE')
      this.#entries = value.entries
      this.#version = value.version
      this.#bundle = value.bundle === undefined ? undefined : Buffer.from(value.bundle, 'base64')
    } catch (error) {
      this.#log.error('restrictions on disk not read', { code: codeOf(error) })
    }
  }

  get entries(): readonly Revocation[] {
    return this.#entries
  }

  /** Version of the last bundle that only restricts, and it, encoded; version 0 when there is none. */
  get last(): { readonly version: number; readonly bytes: Uint8Array | undefined } {
    return { version: this.#version, bytes: this.#bundle }
  }

  /** Whether it says something new. A bundle with a lower number than the last may: nobody shuts others up by a high one. */
  wouldAdd({ version, revoked }: Bundle): boolean {
    const known = new Set(this.#entries.map(nameOf))
    return version > this.#version || revoked.some((entry) => !known.has(nameOf(entry)))
  }

  /**
   * In force when it returns, durable when it resolves, unless the disk cannot take it. When there are too many, those of
   * peers that stand in no bundle go first: nobody crowds out a revocation by inventing others.
   */
  add(
    { version, issuedAt, revoked }: Bundle,
    bytes: Uint8Array,
    { now, isListed }: { now: number; isListed: (peerId: string) => boolean },
  ): Promise<void> {
    // A date in the future must not outlast every bundle there will be.
    const date = Math.min(issuedAt, now)
    const known = new Set(this.#entries.map(nameOf))
    const added = [...new Map(revoked.map((entry) => [nameOf(entry), entry])).values()].filter(
      (entry) => !known.has(nameOf(entry)),
    )
    const all = [...this.#entries, ...added.map((entry) => ({ ...entry, version, issuedAt: date }))]
    const listed = all.filter(({ peerId }) => isListed(peerId)).slice(-mostKept)
    const others = all.filter(({ peerId }) => !isListed(peerId))
    const room = mostKept - listed.length
    this.#entries = [...others.slice(Math.max(0, others.length - room)), ...listed]
    if (version > this.#version) {
      this.#version = version
      this.#bundle = bytes
    }
    return this.#save()
  }

  /** A bundle was taken whole: what it knew better is over, which is all of its version or of an earlier date. */
  replacedBy(whole: Bundle): Promise<void> {
    if (this.#version === 0) return Promise.resolve()
    this.#entries = this.#entries.filter(
      ({ version, issuedAt }) => version > whole.version && issuedAt >= whole.issuedAt,
    )
    if (this.#entries.length === 0 || this.#version <= whole.version) {
      this.#version = 0
      this.#bundle = undefined
    }
    return this.#save()
  }

  #encode(): Uint8Array {
    const bundle = this.#bundle && Buffer.from(this.#bundle).toString('base64')
    return Buffer.from(JSON.stringify({ version: this.#version, bundle, entries: this.#entries }))
  }

  async #save(): Promise<void> {
    await this.#file.save().catch((error: unknown) => {
      // A full disk must not keep a revocation from being in force; a restart fetches it again.
      this.#log.error('restrictions not written', { code: codeOf(error), version: this.#version })
    })
  }
}

/** A key is cut off, not a certificate (spec 06 §4): one entry for each key and state is enough. */
const nameOf = ({ peerId, state }: Revocation) => `${peerId}/${state}`
