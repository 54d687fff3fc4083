import type { FastifyInstance } from 'fastify'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Its body may take as long as it needs, while something comes in. */
    longBody?: true
  }
}

/** A request is in within this time, or it is let go; one with a long body may not be silent for longer. */
export const requestMs = 30_000

/** Who sends slowly holds a connection for so long and no longer. */
export function limitRequestTime(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ raw, routeOptions }) => {
    // Nothing more to come in: how long the answer takes is up to the route.
    if (raw.complete || raw.readableEnded) return
    if (routeOptions.config.longBody === true) {
      raw.socket.setTimeout(requestMs, () => raw.complete || raw.destroy())
      raw.once('end', () => raw.socket.setTimeout(0))
      return
    }
    const timer = setTimeout(() => raw.complete || raw.destroy(), requestMs)
    timer.unref()
    raw.once('close', () => clearTimeout(timer))
  })
}
