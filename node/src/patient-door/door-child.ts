import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join, resolve } from 'node:path'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { codeOf, singleLine, TwiinError } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import { pagesDir } from '@twiin/share-pages'
import type { AnswersToDoor } from './answers-to-door.ts'
import { DoorLog } from './door-log.ts'
import { isFromDoor, longestFromDoor } from './door-messages.ts'
import type { DoorSettings, ToDoor } from './door-messages.ts'
import { MessagePipe } from './message-pipe.ts'

export interface DoorChildOptions {
  settings: DoorSettings
  /** Folder of the packages. */
  packagesDir: string
  /** Another than the door's, for tests: a file of JavaScript. */
  program?: string
}

export interface DoorChildDeps {
  shares: AnswersToDoor
  clock: Clock
  log: Logger
}

/** Of a start on a machine that has much to do. */
const startMs = 60_000
const stopMs = 3_000
/** How often it is asked whether it is there. */
const askMs = 30_000
/** A machine that was suspended finds one question old, and its answer not yet read. */
const mostUnanswered = 2
/** Far more than pages need: each request is one question. */
const mostASecond = 10_000
/** As a log line takes them. */
const mostLastWords = 200
const doorProgram = fileURLToPath(new URL('./door-process.ts', import.meta.url))
/**
 * What the node has open stays with it. LevelDB opens its files without O_CLOEXEC: a door that inherits them could write into
 * the catalogue, whatever the permission model says of paths.
 */
const closeAndRun =
  'for fd in /proc/self/fd/*; do fd=${fd##*/}; if ((fd > 3)); then eval "exec $fd>&-"; fi; done; exec "$@"'
/** Recipients come in crowds, and each leaves garbage: the young generation of the heap stays small. */
const heapFlags = ['--max-semi-space-size=8']
/** Of the node's environment: certificates that it trusts besides, language and time zone. */
const inherited = ['NODE_USE_SYSTEM_CA', 'LANG', 'TZ']
const inheritedPaths = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR']
const inheritedFlags = ['--use-system-ca', '--use-openssl-ca']

/**
 * One process of the door, from its start to its end. It may read its program, the pages, the packages (encrypted) and two
 * files for the broker; it may write nothing, and start nothing (Node's permission model). It is ended when it says what no
 * door says, and when it says nothing any more.
 */
export class DoorChild {
  /** The port it listens on. Rejects with the code by which the address was not given, or `DOOR_ENDED`. */
  readonly opened: Promise<number>
  /** Resolves when it is gone, to how. */
  readonly ended: Promise<{ status?: number; signal?: string }>
  readonly #process: ChildProcess
  readonly #pipe: MessagePipe
  readonly #deps: DoorChildDeps
  readonly #lines: DoorLog
  readonly #opening = Promise.withResolvers<number>()
  readonly #over = new AbortController()
  #unanswered = 0
  #lastWords = ''

  constructor(options: DoorChildOptions, deps: DoorChildDeps) {
    this.#deps = deps
    this.#lines = new DoorLog(deps)
    const { program = doorProgram } = options
    const command = [process.execPath, ...doorFlags(options), program]
    this.#process = spawn('/bin/bash', ['-c', closeAndRun, 'twiin-door', ...command], {
      cwd: '/',
      // The node's log stays the node's.
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      env: doorEnvironment(process.env),
    })
    // Also of one that could not be started: unheard it would end the node.
    this.#process.on('error', (error) =>
      deps.log.error('door for recipients failed', { code: codeOf(error) }),
    )
    this.#pipe = new MessagePipe(
      { longest: longestFromDoor, bounds: { mostASecond, clock: deps.clock } },
      {
        stream: this.#process.stdio[3] as Duplex,
        heard: (message) => this.#heard(message),
        broken: () => this.#kill('not understood'),
      },
    )
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(0, mostLastWords)
    })
    this.ended = this.#end()
    this.opened = this.#opening.promise
    this.opened.catch(() => {})
    this.tell({ kind: 'begin', settings: options.settings })
    this.#after(startMs, () => this.#opening.reject(new TwiinError('DOOR_ENDED')))
    this.#watch()
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  tell(message: ToDoor): void {
    this.#pipe.send(message)
  }

  /** Sessions and downloads end; resolves when the process is gone. */
  async stop(): Promise<void> {
    this.tell({ kind: 'stop' })
    const fuse = setTimeout(() => this.#process.kill('SIGKILL'), stopMs)
    await this.ended
    clearTimeout(fuse)
  }

  #heard(message: unknown): void {
    this.#unanswered = 0
    if (!isFromDoor(message)) return this.#kill('not understood')
    if (message.kind === 'log') return this.#lines.write(message)
    if (message.kind === 'open') this.#opening.resolve(message.port)
    else if (message.kind === 'shut') this.#opening.reject(new TwiinError(message.code))
    else if (message.kind === 'ask') {
      const { id, question } = message
      this.#deps.shares.answer(question).then(
        (value) => this.tell({ kind: 'answer', id, ...(value === undefined ? {} : { value }) }),
        (error: unknown) => this.tell({ kind: 'refusal', id, code: codeOf(error) }),
      )
    }
  }

  #watch(): void {
    this.#after(askMs, () => {
      if (this.#unanswered >= mostUnanswered) return this.#kill('silent')
      this.#unanswered++
      this.tell({ kind: 'ping' })
      this.#watch()
    })
  }

  /** Unless it is over before. */
  #after(ms: number, act: () => void): void {
    this.#deps.clock.sleep(ms, this.#over.signal).then(act, () => {})
  }

  #kill(reason: string): void {
    this.#deps.log.error('door for recipients killed', { reason })
    this.#pipe.shut()
    this.#process.kill('SIGKILL')
  }

  async #end(): Promise<{ status?: number; signal?: string }> {
    const { log } = this.#deps
    await once(this.#process, 'exit').catch(() => {})
    const { exitCode: status, signalCode: signal } = this.#process
    this.#over.abort()
    this.#pipe.shut()
    // Of a start that failed: what comes later could hold what recipients sent, and is caught before.
    if (this.#lastWords !== '') log.error('door for recipients said', { text: singleLine(this.#lastWords) })
    this.#opening.reject(new TwiinError('DOOR_ENDED'))
    return { ...(status === null ? {} : { status }), ...(signal === null ? {} : { signal }) }
  }
}

/** What a process of the door is started with. */
export function doorFlags({ settings, packagesDir, program = doorProgram }: DoorChildOptions): string[] {
  const { clientSecretFile, caFile } = settings.broker ?? {}
  // The star: a folder that is not there yet would count as a file.
  const folders = [pagesDir, packagesDir].map((folder) => join(folder, '*'))
  const files = [...ownFiles(program), ...folders, clientSecretFile, caFile].filter(
    (path) => path !== undefined,
  )
  const given = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(' ')]
  const trust = inheritedFlags.filter((flag) => given.includes(flag))
  // SQLite asks no permission for the files it writes.
  const closed = ['--permission', '--no-experimental-sqlite']
  return [...closed, ...files.map((path) => `--allow-fs-read=${path}`), ...heapFlags, ...trust]
}

/** The bundle is one file; from source it is a good part of the checkout. */
function ownFiles(program: string): string[] {
  if (!program.endsWith('.ts')) return [program]
  const root = join(dirname(program), '../../..')
  return ['node/src/*', 'node/package.json', 'packages/*', 'node_modules/*', 'package.json'].map((path) =>
    join(root, path),
  )
}

/** Secrets that a service got by its environment stay with the node. Few arenas: memory that was given back is. */
export function doorEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const given: NodeJS.ProcessEnv = { MALLOC_ARENA_MAX: '2' }
  for (const name of inherited) if (env[name] !== undefined) given[name] = env[name]
  // Its working directory is another.
  for (const name of inheritedPaths) if (env[name] !== undefined) given[name] = resolve(env[name])
  return given
}
