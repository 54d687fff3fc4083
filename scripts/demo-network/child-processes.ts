import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const root = join(import.meta.dirname, '../..')
const nodeFlags = [
  '--disable-warning=ExperimentalWarning',
  '--import',
  new URL('./exit-with-parent.mjs', import.meta.url).href,
]

/** What every program of a demo is started with: compiled once, not at each start. */
export const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/node-compile'),
})

type Program = 'node' | 'registry' | 'demo' | 'demo-pacs'
const files = new Map<Program, string>()

/** The file to run as this program: its bundle, or its source when that is newer. Looked up once: it takes a look at every file. */
export function programFile(name: Program): string {
  const file =
    files.get(name) ?? execFileSync(join(root, 'scripts/program'), [name], { encoding: 'utf8' }).trim()
  files.set(name, file)
  return file
}

export interface Child {
  readonly name: string
  readonly pid: number
  /** Resolves, once, when the process is gone. */
  readonly gone: Promise<void>
}

/**
 * The processes of one demo. None of them outlives it (see exit-with-parent.mjs); none is started again. `onGone` hears of
 * one that ended by itself, with the end of its log.
 */
export class ChildProcesses {
  readonly #logDir: string
  readonly #running = new Map<ChildProcess, Child>()
  readonly #onGone: (death: Error) => void
  #stopping = false

  constructor(options: { logDir: string }, deps: { onGone: (death: Error) => void }) {
    this.#logDir = options.logDir
    this.#onGone = deps.onGone
  }

  /** Runs a program (an absolute path); what it prints goes to `logDir/NAME.log`. */
  start(name: string, program: string, args: readonly string[]): Child {
    if (this.#stopping) throw new Error('stopping')
    const logFile = join(this.#logDir, `${name}.log`)
    // A file, not a pipe: the child can write its last words when the demo is gone.
    const log = openSync(logFile, 'a')
    const child = spawn(process.execPath, [...nodeFlags, program, ...args], {
      stdio: ['pipe', log, log],
      // Not in the terminal's process group: a Ctrl-C reaches the demo, which stops them in order.
      detached: true,
      env: environment(),
    })
    closeSync(log)
    child.stdin?.on('error', () => {})
    const gone = once(child, 'exit').then(
      ([code, killedBy]) => {
        this.#running.delete(child)
        if (this.#stopping) return
        this.#onGone(
          new Error(`${name} ended (${String(code ?? killedBy)}); see ${logFile}\n${lastLines(logFile)}`),
        )
      },
      () => {},
    )
    const running = { name, pid: child.pid ?? 0, gone }
    this.#running.set(child, running)
    return running
  }

  /** SIGTERM to all at once; whoever still runs after seven seconds gets SIGKILL. */
  async stop(): Promise<void> {
    this.#stopping = true
    const all = [...this.#running]
    for (const [process] of all) process.kill('SIGTERM')
    const over = new AbortController()
    const stopped = Promise.all(all.map(([, { gone }]) => gone)).finally(() => over.abort())
    await Promise.race([stopped, sleep(7_000, undefined, { signal: over.signal }).catch(() => {})])
    for (const process of this.#running.keys()) process.kill('SIGKILL')
    await stopped
  }
}

function lastLines(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-15).join('\n')
}
