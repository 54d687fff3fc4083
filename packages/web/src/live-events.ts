import type { FastifyReply } from 'fastify'

/** What happened, for screens to look again: a kind, an id and the new state. Never patient data. */
export interface LiveEvent {
  readonly kind: string
  readonly id: string
  readonly state: string
}

const heartbeatMs = 15_000
const maxListeners = 200

/** Server-sent events (HTML Living Standard §9.2), one stream for each open page. */
export class LiveEvents<E extends LiveEvent = LiveEvent> {
  readonly #open = new Map<FastifyReply, () => boolean>()
  #lastId = 0

  emit(event: E): void {
    const text = `id: ${++this.#lastId}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`
    for (const reply of this.#open.keys()) this.#write(reply, text)
  }

  /** The stream ends as soon as `isWelcome` says no: who logged out hears nothing more. */
  attach(reply: FastifyReply, isWelcome = () => true): void {
    if (this.#open.size >= maxListeners) {
      void reply.code(503).send()
      return
    }
    reply.hijack()
    reply.raw.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
    reply.raw.write('retry: 2000\n\n')
    // A page that went away while it was written to is no fault of ours.
    reply.raw.on('error', () => {})
    this.#open.set(reply, isWelcome)
    const heartbeat = setInterval(() => this.#write(reply, ': still here\n\n'), heartbeatMs)
    reply.raw.on('close', () => {
      clearInterval(heartbeat)
      this.#open.delete(reply)
    })
  }

  closeAll(): void {
    for (const reply of this.#open.keys()) reply.raw.end()
    this.#open.clear()
  }

  #write(reply: FastifyReply, text: string): void {
    if (reply.raw.writableEnded || reply.raw.destroyed) return
    if (this.#open.get(reply)?.() === false) reply.raw.end()
    // A page that reads too slowly is let go; it reconnects and looks again.
    else if (reply.raw.writableLength > 64 * 1024) reply.raw.destroy()
    else reply.raw.write(text)
  }
}
