import { readFile } from 'node:fs/promises'
import { evidence as evidenceType } from '@twiin/protocol'
import type { Evidence } from '@twiin/protocol'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Logger } from '@twiin/runtime'
import { writeFileDurably } from '@twiin/store'
import { isIssuedLineOf } from '../trust/log-leaf.ts'
import { requireLogged } from '../trust/judge-evidence.ts'
import type { LogView } from '../trust/log-view.ts'
import type { NetworkBundle } from '../trust/network-bundle.ts'
import type { OwnCertificate } from './own-certificate.ts'
import type { RegistryClient } from '../registry/registry-client.ts'

/** How long the registry may wait for cosignatures before it says that there are none yet (spec 06 §7). */
const waitSeconds = 25
const marginMs = 10_000

/** What proves to peers that this node's certificate stands in the log (spec 11 §5); kept on disk beside it. */
export class OwnEvidence {
  readonly #file: string
  readonly #registry: RegistryClient
  readonly #bundle: NetworkBundle
  readonly #logView: LogView
  readonly #log: Logger
  #current: { readonly evidence: Evidence; readonly bytes: Uint8Array } | undefined

  constructor(
    options: { file: string },
    deps: { registry: RegistryClient; bundle: NetworkBundle; logView: LogView; log: Logger },
  ) {
    this.#file = options.file
    this.#registry = deps.registry
    this.#bundle = deps.bundle
    this.#logView = deps.logView
    this.#log = deps.log
  }

  async load(): Promise<void> {
    const bytes = await readFile(this.#file).catch(() => undefined)
    if (bytes === undefined) return
    try {
      this.#current = { evidence: evidenceType.decode(bytes), bytes }
    } catch (error) {
      this.#log.error('own evidence on disk not read; it is fetched again', { code: codeOf(error) })
    }
  }

  /** What goes with this certificate; undefined while there is none. */
  of({ leaf }: OwnCertificate): Uint8Array | undefined {
    const { evidence, bytes } = this.#current ?? {}
    return evidence !== undefined && isIssuedLineOf(evidence.leaf, leaf) ? bytes : undefined
  }

  /** Whether it would convince this node itself, by the witnesses of its bundle. */
  convinces({ leaf }: OwnCertificate): boolean {
    if (this.#bundle.version === 0) return false
    try {
      requireLogged(leaf, this.#current?.evidence, this.#bundle.trustedLog())
      return true
    } catch {
      return false
    }
  }

  /**
   * Fetches what proves this certificate; on disk when it resolves. Throws EVIDENCE_NOT_READY while too few witnesses have
   * cosigned, EVIDENCE_REFUSED (fact `status`), EVIDENCE_INVALID, REGISTRY_UNREACHABLE.
   */
  async fetch({ leaf, certificate }: OwnCertificate, signal?: AbortSignal): Promise<void> {
    const answer = await this.#registry.call(
      'GET',
      `/api/v1/log/evidence/${certificate.serial}?wait=${waitSeconds}`,
      {
        headers: { accept: 'application/cbor' },
        timeoutMs: waitSeconds * 1000 + marginMs,
        maxBytes: 64 * 1024,
        ...(signal && { signal }),
      },
    )
    if (answer.status === 503) throw new TwiinError('EVIDENCE_NOT_READY', { serial: certificate.serial })
    if (answer.status !== 200) throw new TwiinError('EVIDENCE_REFUSED', { status: answer.status })
    const evidence = evidenceType.decode(answer.body)
    this.#logView.note(evidence.checkpoint, 'registry')
    if (!isIssuedLineOf(evidence.leaf, leaf))
      throw new TwiinError('EVIDENCE_INVALID', { serial: certificate.serial })
    // Kept also when it does not convince this node yet: others may hold a newer bundle.
    await writeFileDurably(this.#file, answer.body, { mode: 0o644 })
    this.#current = { evidence, bytes: answer.body }
  }
}
