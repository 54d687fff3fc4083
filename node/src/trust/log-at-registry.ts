import { TwiinError } from '@twiin/runtime'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { RegistryAnswer, RegistryClient } from '../registry/registry-client.ts'

/** spec 06 §7 */
const path = '/api/v1/log'
const waitSeconds = 25
const marginMs = 10_000
/** A note of 8 KiB, 54 hashes, and JSON around them. */
const maxBytes = 64 * 1024

const shape = Compile(
  Type.Object({
    checkpoint: Type.String({ maxLength: 8192 }),
    consistency: Type.Optional(Type.Array(Type.String({ maxLength: 44 }), { maxItems: 64 })),
  }),
)

/**
 * The log as the registry serves it (spec 06 §7). Nothing is verified here. Throws REGISTRY_UNREACHABLE, REGISTRY_REFUSED
 * (fact `status`), REGISTRY_ANSWER_INVALID.
 */
export class LogAtRegistry {
  readonly #registry: RegistryClient

  constructor(deps: { registry: RegistryClient }) {
    this.#registry = deps.registry
  }

  /**
   * The first checkpoint of a tree larger than `after`, with proof that it continues the one of `from`; undefined when none
   * came in time. A registry that has fewer lines than `after` shows at once what it has.
   */
  async nextCheckpoint(
    { after, from, wait }: { after: number; from: number; wait: boolean },
    signal?: AbortSignal,
  ): Promise<{ checkpoint: string; consistency: Uint8Array[] } | undefined> {
    const seconds = wait ? waitSeconds : 0
    const answer = await this.#registry.call(
      'GET',
      `${path}/checkpoint?after=${after}&from=${from}&wait=${seconds}`,
      { timeoutMs: seconds * 1000 + marginMs, maxBytes, ...(signal && { signal }) },
    )
    if (answer.status === 204) return undefined
    const { checkpoint, consistency = [] } = readAnswer(answer)
    return { checkpoint, consistency: consistency.map((hash) => Buffer.from(hash, 'base64')) }
  }

  /** A tree that is the registry's last no more (409) needs no cosignature. */
  async postCosignature(size: number, line: string): Promise<void> {
    const answer = await this.#post('cosignatures', { size, line })
    if (answer.status >= 300 && answer.status !== 409) throw refused(answer)
  }

  /** A note that this node signed and the registry does not have. */
  async postWitnessed(checkpoint: string): Promise<void> {
    const answer = await this.#post('witnessed', { checkpoint })
    if (answer.status >= 300) throw refused(answer)
  }

  #post(name: string, json: object): Promise<RegistryAnswer> {
    return this.#registry.call('POST', `${path}/${name}`, {
      body: JSON.stringify(json),
      headers: { 'content-type': 'application/json' },
      maxBytes,
    })
  }
}

function readAnswer(answer: RegistryAnswer) {
  if (answer.status !== 200) throw refused(answer)
  let value: unknown
  try {
    value = JSON.parse(answer.body.toString('utf8'))
  } catch (cause) {
    throw new TwiinError('REGISTRY_ANSWER_INVALID', {}, { cause })
  }
  if (!shape.Check(value)) throw new TwiinError('REGISTRY_ANSWER_INVALID')
  return value
}

function refused({ status }: RegistryAnswer): TwiinError {
  return new TwiinError('REGISTRY_REFUSED', { status })
}
