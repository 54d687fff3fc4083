import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Asks until the answer is something (not undefined, false or null) and returns it. A question that throws is asked
 * again; its error is the cause when time is up.
 */
export async function until<T>(
  question: () => Promise<T | undefined | false | null> | T | undefined | false | null,
  { timeoutMs, what, signal }: { timeoutMs: number; what: string; signal?: AbortSignal },
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  let cause: unknown
  for (;;) {
    signal?.throwIfAborted()
    try {
      const answer = await question()
      if (answer !== undefined && answer !== false && answer !== null) return answer
      cause = undefined
    } catch (error) {
      cause = error
    }
    if (performance.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`, { cause })
    await sleep(50)
  }
}
