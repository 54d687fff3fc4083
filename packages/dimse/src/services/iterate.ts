import type { Clock } from '@twiin/runtime'

/**
 * The values of `source`, until the signal fires; then the source is left, without waiting for it to notice. With
 * `beat`, undefined comes whenever nothing else came for so long.
 */
export function iterate<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T>
export function iterate<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal,
  beat: { everyMs: number; clock: Clock },
): AsyncGenerator<T | undefined>
export async function* iterate<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal,
  beat?: { everyMs: number; clock: Clock },
): AsyncGenerator<T | undefined> {
  const iterator = source[Symbol.asyncIterator]()
  const aborted = Promise.withResolvers<'aborted'>()
  const onAbort = () => aborted.resolve('aborted')
  signal.addEventListener('abort', onAbort, { once: true })
  let next: Promise<IteratorResult<T>> | undefined
  try {
    while (!signal.aborted) {
      next ??= iterator.next()
      next.catch(() => {}) // it may fail after it was left
      const result = await firstOf(next, aborted.promise, beat)
      if (result === 'aborted') return
      if (result === 'beat') {
        yield undefined
        continue
      }
      next = undefined
      if (result.done === true) return
      yield result.value
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    iterator.return?.().catch(() => {})
  }
}

async function firstOf<T>(
  next: Promise<T>,
  aborted: Promise<'aborted'>,
  beat: { everyMs: number; clock: Clock } | undefined,
): Promise<T | 'aborted' | 'beat'> {
  if (beat === undefined) return Promise.race([next, aborted])
  const over = new AbortController()
  const sleep = beat.clock.sleep(beat.everyMs, over.signal).then(
    () => 'beat' as const,
    () => 'beat' as const, // cancelled: somebody else was first
  )
  try {
    return await Promise.race([next, aborted, sleep])
  } finally {
    over.abort()
  }
}
