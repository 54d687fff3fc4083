import type { Repository } from '@twiin/store'
import type { Logger } from '@twiin/runtime'
import { codeOf } from '@twiin/runtime'

/** An AE title that stands for another hospital (journey J2). */
export interface Destination {
  aeTitle: string
  ura: string
  mailbox?: string
  urgency: 'routine' | 'urgent'
}

export interface Route {
  associationId: string
  destination: Destination
  callingAe: string
  studyInstanceUids: readonly string[]
}

/**
 * Remembers, durably and before the sender hears Success, which studies of an association are meant for another
 * hospital, and hands them over when the association ends. A crash in between only delays that until the next start.
 */
export class RouteToRecipient {
  readonly #routes: Repository<Route>
  readonly #send: (route: Route) => Promise<void>
  readonly #log: Logger
  readonly #open = new Map<string, Route>()
  #leftOver = false

  constructor(deps: {
    routes: Repository<Route>
    /** Idempotent for one association. */ send: (route: Route) => Promise<void>
    log: Logger
  }) {
    this.#routes = deps.routes
    this.#send = deps.send
    this.#log = deps.log
  }

  async note(
    association: { id: string; callingAe: string },
    destination: Destination,
    studyInstanceUid: string,
  ): Promise<void> {
    const before = this.#open.get(association.id)
    if (before?.studyInstanceUids.includes(studyInstanceUid) === true) return
    const route = {
      associationId: association.id,
      destination,
      callingAe: association.callingAe,
      studyInstanceUids: [...(before?.studyInstanceUids ?? []), studyInstanceUid],
    }
    // Remembered here only once it is on disk: the next instance of the study relies on it.
    await this.#routes.put(association.id, route)
    this.#open.set(association.id, route)
  }

  async ended(associationId: string): Promise<void> {
    const route = this.#open.get(associationId)
    this.#open.delete(associationId)
    if (route === undefined) return
    await this.#handOver(route)
    if (this.#leftOver) await this.resume().catch(() => (this.#leftOver = true))
  }

  /** At start: what an earlier process had acknowledged but not handed over. Later: what could not be handed over. */
  async resume(): Promise<void> {
    this.#leftOver = false
    for await (const [, route] of this.#routes.entries()) {
      if (!this.#open.has(route.associationId)) await this.#handOver(route)
    }
  }

  async #handOver(route: Route): Promise<void> {
    try {
      await this.#send(route)
      await this.#routes.delete(route.associationId)
    } catch (error) {
      // The route stays on disk and is taken up behind the next association, or at the next start.
      this.#leftOver = true
      this.#log.error('routed studies not handed over', {
        association: route.associationId,
        code: codeOf(error),
      })
    }
  }
}
