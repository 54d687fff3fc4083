/** One at a time for each name; different names do not wait for each other. First come, first served. */
export class Turns {
  #last = new Map<string, Promise<void>>()

  async run<T>(names: readonly string[], work: () => Promise<T>): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<void>()
    // All names are queued for in one synchronous step, so two holders can never wait for each other.
    const before = names.flatMap((name) => this.#last.get(name) ?? [])
    for (const name of names) this.#last.set(name, promise)
    await Promise.all(before)
    try {
      return await work()
    } finally {
      resolve()
      for (const name of names) if (this.#last.get(name) === promise) this.#last.delete(name)
    }
  }
}
