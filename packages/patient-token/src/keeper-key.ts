import { TwiinError } from '@twiin/runtime'
import { baseTimes, isScalar, randomScalar } from './ristretto255.ts'
import type { Random } from './ristretto255.ts'

/** A keeper's secret share (one-keeper mode: the whole key). Neither JSON nor the inspector shows it. */
export class KeeperKey {
  readonly publicKey: Uint8Array
  readonly #bytes: Uint8Array

  private constructor(bytes: Uint8Array) {
    this.#bytes = Uint8Array.from(bytes)
    this.publicKey = baseTimes(this.#bytes)
  }

  static generate(random?: Random): KeeperKey {
    return new KeeperKey(randomScalar(random))
  }

  /** 32 bytes, a scalar in canonical form and not zero. Throws KEEPER_KEY_INVALID. */
  static fromBytes(bytes: Uint8Array): KeeperKey {
    if (!isScalar(bytes)) throw new TwiinError('KEEPER_KEY_INVALID', { length: bytes.length })
    return new KeeperKey(bytes)
  }

  /** A copy of the secret, to be sealed by who stores it. */
  get bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes)
  }
}
