import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { codeOf, TwiinError } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import { pagesDir } from '@twiin/share-pages'
import type { PatientDoor } from '../shares/patient-door.ts'
import { isFromDoor } from './door-messages.ts'
import type { DoorSettings, FromDoor, ToDoor } from './door-messages.ts'
import { NearShares } from './near-shares.ts'

export interface DoorApartOptions {
  settings: DoorSettings
  /** Folder of the packages: with the pages and the broker's files all that the process may read. */
  packagesDir: string
}

/** Of a start on a machine that has much to do. */
const startMs = 60_000
const stopMs = 3_000
const program = fileURLToPath(new URL('./door-process.ts', import.meta.url))
/** Recipients come in crowds, and each leaves garbage: a young generation that stays small, and few arenas. */
const thrift = { flags: ['--max-semi-space-size=8'], env: { MALLOC_ARENA_MAX: '2' } }

/**
 * The pages for recipients in a process of their own. It may read its program, the pages, the packages (encrypted) and
 * what it needs for the broker; it may write nothing, and start nothing (Node's permission model).
 */
export class DoorApart implements Service {
  readonly name = 'patient-pages'
  readonly #options: DoorApartOptions
  readonly #deps: { door: PatientDoor; clock: Clock; log: Logger }
  readonly #listeners: (() => void)[] = []
  #child: ChildProcess | undefined
  #port = 0
  #isOpen = false

  constructor(options: DoorApartOptions, deps: { door: PatientDoor; clock: Clock; log: Logger }) {
    this.#options = options
    this.#deps = deps
    deps.door.onOver((shareId) => tell(this.#child, { kind: 'over', shareId }))
  }

  /** The port listened on; 0 before `start`. */
  get port(): number {
    return this.#port
  }

  /** Of the process; undefined while there is none. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Called when the process ends that was open, and that nobody stopped. */
  onEnded(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** Resolves when somebody may knock. Throws the code by which the address was not given, or `DOOR_ENDED`. */
  async start(): Promise<void> {
    const child = fork(program, {
      execArgv: [
        '--permission',
        ...this.#readable().map((path) => `--allow-fs-read=${path}`),
        ...thrift.flags,
      ],
      env: { ...process.env, ...thrift.env },
      serialization: 'json',
    })
    this.#child = child
    const opening = Promise.withResolvers<number>()
    this.#listen(child, opening)
    tell(child, { kind: 'begin', settings: this.#options.settings })
    const inTime = new AbortController()
    const late = this.#deps.clock
      .sleep(startMs, inTime.signal)
      .then(() => Promise.reject(new TwiinError('DOOR_ENDED')))
    try {
      this.#port = await Promise.race([opening.promise, late])
      this.#isOpen = true
    } catch (error) {
      await this.stop()
      throw error
    } finally {
      inTime.abort()
      late.catch(() => {})
    }
  }

  async stop(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    this.#isOpen = false
    if (child === undefined || hasEnded(child)) return
    tell(child, { kind: 'stop' })
    const fuse = setTimeout(() => child.kill('SIGKILL'), stopMs)
    await once(child, 'exit')
    clearTimeout(fuse)
  }

  #listen(child: ChildProcess, opening: PromiseWithResolvers<number>): void {
    const { door, log } = this.#deps
    const shares = new NearShares({ door })
    child.on('message', (message: unknown) => {
      if (!isFromDoor(message)) return log.warn('message of the door for recipients not understood', {})
      this.#heard(child, message, { shares, opening })
    })
    child.on('error', (error) => log.error('door for recipients failed', { code: codeOf(error) }))
    child.once('exit', (status, signal) => {
      opening.reject(new TwiinError('DOOR_ENDED'))
      if (this.#child !== child) return
      this.#child = undefined
      log.error('door for recipients ended', { status: status ?? undefined, signal: signal ?? undefined })
      if (!this.#isOpen) return
      this.#isOpen = false
      for (const listener of this.#listeners) listener()
    })
  }

  #heard(
    child: ChildProcess,
    message: FromDoor,
    { shares, opening }: { shares: NearShares; opening: PromiseWithResolvers<number> },
  ): void {
    if (message.kind === 'open') opening.resolve(message.port)
    else if (message.kind === 'shut') opening.reject(new TwiinError(message.code))
    else {
      const { id, question } = message
      shares.answer(question).then(
        (value) => tell(child, { kind: 'answer', id, ...(value === undefined ? {} : { value }) }),
        (error: unknown) => tell(child, { kind: 'refusal', id, code: codeOf(error) }),
      )
    }
  }

  #readable(): string[] {
    const { packagesDir, settings } = this.#options
    const { clientSecretFile, caFile } = settings.broker ?? {}
    return [ownProgram(), pagesDir, packagesDir, clientSecretFile, caFile].filter(
      (path) => path !== undefined,
    )
  }
}

/** The bundle is one file; the source is the checkout. */
const ownProgram = () => (program.endsWith('.js') ? program : join(dirname(program), '../../..'))

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null

/** To one that has gone nothing needs to be said. */
function tell(child: ChildProcess | undefined, message: ToDoor): void {
  if (child?.connected === true) child.send(message, () => {})
}
