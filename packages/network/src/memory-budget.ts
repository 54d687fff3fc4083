/** A share of the budget; released once, at the latest when the work that holds it ends. */
export interface Lease extends Disposable {
  readonly bytes: number
  release(): void
}

/** One budget for all transfers of a process, in bytes. Whoever comes first is served first, so nobody starves. */
export class MemoryBudget {
  readonly bytes: number

  constructor(options: { bytes: number }) {
    this.bytes = options.bytes
  }

  /** Bytes that are leased now. */
  get used(): number {
    throw new Error('unwritten')
  }

  /** @throws TwiinError BUDGET_EXCEEDED when `bytes` is more than the whole budget; the signal's reason when aborted first. */
  acquire(_bytes: number, _signal?: AbortSignal): Promise<Lease> {
    throw new Error('unwritten')
  }
}
