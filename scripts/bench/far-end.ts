import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

type Commands = Readonly<Record<string, (argument: never) => Promise<unknown>>>
interface Call {
  command: string
  argument: unknown
}
type Reply = { result: unknown } | { error: string }

/** One end of a line, in a process of its own: does what the bench asks, one thing at a time, and ends with it. */
export function answerParent(commands: Commands): void {
  process.on('message', ({ command, argument }: Call) => {
    const work = commands[command]?.(argument as never) ?? Promise.reject(new Error(`no command ${command}`))
    work.then(
      (result) => process.send?.({ result } satisfies Reply),
      (error: unknown) => process.send?.({ error: String(error) } satisfies Reply),
    )
  })
  process.on('disconnect', () => process.exit())
}

/** The bench's side of such a process. */
export class FarEnd implements AsyncDisposable {
  readonly pid: number
  readonly #child: ReturnType<typeof fork>

  constructor(program: string) {
    const execArgv = ['--disable-warning=ExperimentalWarning']
    this.#child = fork(join(import.meta.dirname, program), { execArgv })
    this.pid = this.#child.pid ?? 0
  }

  async ask<T>(command: string, argument?: unknown): Promise<T> {
    const over = new AbortController()
    const gone = once(this.#child, 'exit', { signal: over.signal }).then(
      (): [Reply] => [{ error: 'process ended' }],
      (): [Reply] => [{ error: 'not waited for' }],
    )
    const answered = once(this.#child, 'message', { signal: over.signal }) as Promise<[Reply]>
    this.#child.send({ command, argument } satisfies Call)
    const [reply] = await Promise.race([answered, gone])
    answered.catch(() => {})
    over.abort()
    if ('error' in reply) throw new Error(`${command}: ${reply.error}`)
    return reply.result as T
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.disconnect()
    await gone
  }
}
