import type { Clock, Logger, Service } from '@twiin/runtime'
import type { AcceptorLimits, AcceptorTimeouts } from './limits.ts'
import type { StoreProvider } from './store-provider.ts'

export interface DimseServerOptions {
  host: string
  /** 0 takes a free port; `address()` tells which. */
  port: number
  limits?: Partial<AcceptorLimits>
  timeouts?: Partial<AcceptorTimeouts>
}

export interface DimseServerDeps {
  provider: StoreProvider
  log: Logger
  /** Only differences are used; the default is monotonic. */
  clock?: Clock
}

/** Listens for associations and serves C-ECHO and C-STORE on each. */
export class DimseServer implements Service {
  readonly name = 'dimse'

  constructor(options: DimseServerOptions, deps: DimseServerDeps) {
    void options
    void deps
  }

  async start(): Promise<void> {}

  /** Stops listening, aborts what is open, and resolves when every sink has come to its end. */
  async stop(): Promise<void> {}

  /** Where it listens, after `start`. */
  address(): { host: string; port: number } {
    return { host: '127.0.0.1', port: 0 }
  }
}
