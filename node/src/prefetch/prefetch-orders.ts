import { TwiinError } from '@twiin/runtime'
import type { Repository, Sealer, Store } from '@twiin/store'
import type { Order, OrderFacts, OrderedFor } from './read-order.ts'

/** An order that a rule fits. Holds patient data: stored sealed. */
export interface PrefetchOrder {
  /** In the order in which they came. */
  readonly id: string
  /** What it is found by: its numbers, opaque. */
  readonly keys: readonly string[]
  /** The last message that was taken of it (spec 15 §3). */
  readonly upTo: string
  /** `begun`: other hospitals were asked, or are about to be. */
  readonly state: 'waiting' | 'begun' | 'done' | 'cancelled'
  /** Milliseconds since the Unix epoch. */
  readonly orderedAt: number
  readonly nextTryAt: number
  readonly attempts: number
  readonly begunAt?: number
  readonly messageType: string
  readonly facts: OrderFacts
  readonly reason: string
  readonly patient: OrderedFor
  /** Ids of the transfers that follow from it. */
  readonly retrievals: readonly string[]
}

interface Deps {
  store: Store
  orders: Repository<PrefetchOrder>
  /** Opaque number → id of the order. */
  numbers: Repository<string>
  sealer: Sealer
}

/** What came of which message. */
interface Told {
  order: Order
  patient: OrderedFor
  messageType: string
  sender: string
  /** Of the message in the inbox, and the number of the order in it. */
  received: { id: string; at: number; place: number }
  isWanted: boolean
}

/** Which orders there are: each once, whatever it is called by and however often it is told (spec 17 §6). */
export class PrefetchOrders {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  entries(): AsyncIterable<[string, PrefetchOrder]> {
    return this.#deps.orders.entries()
  }

  get(id: string): Promise<PrefetchOrder | undefined> {
    return this.#deps.orders.get(id)
  }

  /** Durable when it resolves. The order as it is then; nothing when it is none that we keep. */
  take({
    order,
    patient,
    messageType,
    sender,
    received,
    isWanted,
  }: Told): Promise<PrefetchOrder | undefined> {
    const { store, orders, numbers } = this.#deps
    const named = order.numbers.map((number) => this.#key(sender, number))
    return store.update('prefetch', async (tx) => {
      const ids = await Promise.all(named.map((key) => tx.get(numbers, key)))
      const known = ids.find((id) => id !== undefined)
      const before = known === undefined ? undefined : await tx.get(orders, known)
      // An old message that is worked off late does not undo a newer one.
      if (before !== undefined && received.id < before.upTo) return before
      const isOpen = before === undefined || (before.begunAt === undefined && before.state !== 'done')
      const isOrdered = order.act === 'ordered' && isWanted
      if (before === undefined && !isOrdered) return undefined
      const id = before?.id ?? `${received.id}.${String(received.place).padStart(3, '0')}`
      const keys = [...new Set([...(before?.keys ?? []), ...named])].slice(0, mostKeys)
      const { facts, reason } = order
      const anew = {
        ...{ id, keys, messageType, facts, reason, patient, retrievals: [], state: 'waiting' as const },
        ...{ orderedAt: received.at, nextTryAt: received.at, attempts: 0, upTo: received.id },
      }
      const after =
        isOrdered && isOpen
          ? anew
          : { ...(before ?? anew), keys, upTo: received.id, ...(stops(order, isOpen) ? cancelled : {}) }
      for (const key of keys) tx.put(numbers, key, id)
      tx.put(orders, id, after)
      return after
    })
  }

  /** Durable when it resolves. `change` is asked what changes; undefined leaves it. Throws `NOT_FOUND`. */
  change(
    id: string,
    change: (order: PrefetchOrder) => Partial<PrefetchOrder> | undefined,
  ): Promise<PrefetchOrder> {
    const { store, orders } = this.#deps
    return store.update('prefetch', async (tx) => {
      const before = await tx.get(orders, id)
      if (before === undefined) throw new TwiinError('NOT_FOUND')
      const after = { ...before, ...change(before) }
      tx.put(orders, id, after)
      return after
    })
  }

  /** It and its numbers: told again, it is new. */
  async forget({ id, keys }: PrefetchOrder): Promise<void> {
    const { store, orders, numbers } = this.#deps
    await store.update('prefetch', async (tx) => {
      for (const key of keys) if ((await tx.get(numbers, key)) === id) tx.delete(numbers, key)
      tx.delete(orders, id)
    })
  }

  #key(sender: string, number: string): string {
    return this.#deps.sealer.opaque('prefetch', JSON.stringify([sender, number]))
  }
}

const mostKeys = 16
const cancelled = { state: 'cancelled' } as const
/** Cancelled; or changed to what no rule fits, before anything came of it. */
const stops = ({ act }: Order, isOpen: boolean) => act === 'cancelled' || (act === 'ordered' && isOpen)
