import type { Clock } from '@twiin/runtime'
import { clientNetwork, isOwnMachine } from './client-network.ts'
import { LockOut } from './lock-out.ts'

/** Of one name from one network. */
const failuresToLock = 5
/** Of one name from everywhere: guesses of many machines together. */
const failuresToLockName = 100
/** Each password costs a tenth of a second and 32 MiB. More are refused; they hold up nobody's own network. */
const mostAtOnce = 8
const mostAtOnceOfNetwork = 4
const mostHomes = 10_000

/**
 * Which guesses at a password are judged. **A stranger's wrong guesses lock the stranger**: failures count for a name and
 * the network they come from (`clientNetwork`). Those of everywhere together lock the name as well, after many more, but not
 * where that person was right before (since the last start), nor on this machine itself: so nobody who knows a name can keep
 * its owner out. What is refused costs no work, whether the name exists or not.
 */
export class GuessLimits {
  readonly #byNetwork: LockOut
  readonly #byName: LockOut
  readonly #homes = new Set<string>()
  readonly #judging = new Map<string, number>()
  #judgingAway = 0

  constructor(_options: object, deps: { clock: Clock }) {
    this.#byNetwork = new LockOut({ failuresToLock }, deps)
    this.#byName = new LockOut({ failuresToLock: failuresToLockName }, deps)
  }

  /** What `judge` finds; undefined when the guess was wrong, `locked` when it was not judged. */
  async judge<T>(
    guess: { name: string; address: string },
    judge: () => Promise<T | undefined>,
  ): Promise<T | 'locked' | undefined> {
    const { name, address } = guess
    const network = clientNetwork(address)
    const key = `${network} ${name}`
    const isAtHome = this.#homes.has(key) || isOwnMachine(address)
    if (this.#byNetwork.isLocked(key) || (this.#judging.get(network) ?? 0) >= mostAtOnceOfNetwork)
      return 'locked'
    if (!isAtHome && (this.#byName.isLocked(name) || this.#judgingAway >= mostAtOnce)) return 'locked'
    this.#byNetwork.count(key)
    this.#byName.count(name)
    this.#began(network, isAtHome)
    try {
      const found = await judge()
      if (found !== undefined) this.#wasRight(name, key)
      return found
    } finally {
      this.#ended(network, isAtHome)
    }
  }

  #wasRight(name: string, key: string): void {
    this.#byNetwork.forgive(key)
    this.#byName.forgive(name)
    this.#homes.delete(key)
    for (const oldest of this.#homes) {
      if (this.#homes.size < mostHomes) break
      this.#homes.delete(oldest)
    }
    this.#homes.add(key)
  }

  #began(network: string, isAtHome: boolean): void {
    this.#judging.set(network, (this.#judging.get(network) ?? 0) + 1)
    if (!isAtHome) this.#judgingAway++
  }

  #ended(network: string, isAtHome: boolean): void {
    const left = (this.#judging.get(network) ?? 1) - 1
    if (left > 0) this.#judging.set(network, left)
    else this.#judging.delete(network)
    if (!isAtHome) this.#judgingAway--
  }
}
