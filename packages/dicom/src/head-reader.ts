import { Worker } from 'node:worker_threads'
import { TwiinError } from '@twiin/runtime'
import type { Logger, Service } from '@twiin/runtime'
import { unreadable } from './unreadable.ts'
import type { InstanceHead } from './instance-head.ts'
import type { WorkerAnswer, WorkerRequest } from './read-head-worker.ts'
import { headBytesLimit } from './read-instance-head.ts'

/** Read this much of a data set first; on `DICOM_HEAD_TOO_SHORT` come back with the next size. */
export const headSizes = [64 * 1024, 256 * 1024, 1024 * 1024, headBytesLimit] as const

export interface HeadReaderOptions {
  /** Threads. Default 2. */
  workers?: number
  /** Wall-clock limit of one read in ms, by a thread that has started; then the thread is replaced. Default 2000. */
  timeoutMs?: number
}

/** A busy machine takes seconds to start a thread: that says nothing about the file. */
const startLimitMs = 30_000

export interface HeadReaderInput {
  transferSyntaxUid: string
  /** The first bytes of the data set, after group 2; at most `headBytesLimit`. */
  head: Uint8Array
  /** True when `head` is the whole data set. */
  complete: boolean
  /** Also what is known of the request: it stands further on than the rest, and may need all of `headBytesLimit`. */
  request?: boolean
}

interface Job {
  request: WorkerRequest
  resolve: (head: InstanceHead) => void
  reject: (error: Error) => void
}

interface Thread {
  worker: Worker
  /** It has said that its code is loaded. */
  ready: boolean
  job?: Job
  timer?: NodeJS.Timeout
}

/**
 * Far above what a head of 4 MiB can make the reader hold. The reader's own bounds (linear time, counted items and
 * bytes) are what protects us: Node 24 does not always survive a thread that reaches this limit.
 */
const resourceLimits = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32, stackSizeMb: 2 }

/**
 * Reads the head of data sets in threads with a time and a memory limit, so that no file, however hostile, stops the
 * process. Throws `DICOM_HEAD_TOO_SHORT` (only when not `complete`, and more may help), `DICOM_UNREADABLE` with the
 * reason, `HEAD_READER_FAILED` when no thread would start, which is no fault of the file, `STOPPED`.
 */
export class HeadReader implements Service {
  readonly name = 'head-reader'
  readonly #size: number
  readonly #timeoutMs: number
  readonly #log: Logger
  readonly #program: URL
  readonly #threads: Thread[] = []
  readonly #waiting: Job[] = []
  #stopped = false

  /** `program` is the threads' code; tests bring their own. */
  constructor(options: HeadReaderOptions, deps: { log: Logger; program?: URL }) {
    this.#size = options.workers ?? 2
    this.#timeoutMs = options.timeoutMs ?? 2000
    this.#log = deps.log
    this.#program = deps.program ?? new URL('./read-head-worker.ts', import.meta.url)
  }

  read(input: HeadReaderInput): Promise<InstanceHead> {
    if (this.#stopped) return Promise.reject(new TwiinError('STOPPED'))
    if (input.head.length > headBytesLimit) return Promise.reject(unreadable('the head is too long'))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request: { ...input, head: compact(input.head) }, resolve, reject })
      this.#next()
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const job of this.#waiting.splice(0)) job.reject(new TwiinError('STOPPED'))
    await Promise.all(this.#threads.splice(0).map((thread) => this.#end(thread, new TwiinError('STOPPED'))))
  }

  /** Gives the next waiting job to an idle thread, starting one while there are too few. */
  #next(): void {
    while (this.#waiting.length > 0) {
      const thread = this.#threads.find(({ job }) => job === undefined) ?? this.#startThread()
      const job = thread === undefined ? undefined : this.#waiting.shift()
      if (thread === undefined || job === undefined) return
      thread.job = job
      this.#limit(thread)
      thread.worker.ref()
      thread.worker.postMessage(job.request)
    }
  }

  #startThread(): Thread | undefined {
    if (this.#threads.length >= this.#size) return undefined
    const worker = new Worker(this.#program, { resourceLimits, stdout: true, stderr: true, env: {} })
    const thread: Thread = { worker, ready: false }
    worker.on('message', (answer: WorkerAnswer) => {
      if (!('ready' in answer)) return this.#settle(thread, answer)
      thread.ready = true
      this.#limit(thread)
    })
    worker.on('error', () => this.#fail(thread, 'failure of the reader'))
    worker.on('exit', () => this.#fail(thread, 'reader stopped'))
    this.#threads.push(thread)
    return thread
  }

  #limit(thread: Thread): void {
    clearTimeout(thread.timer)
    const limitMs = thread.ready ? this.#timeoutMs : startLimitMs
    thread.timer = setTimeout(() => this.#fail(thread, 'time limit'), limitMs)
  }

  #settle(thread: Thread, answer: Exclude<WorkerAnswer, { ready: true }>): void {
    const { job } = thread
    clearTimeout(thread.timer)
    delete thread.job
    thread.worker.unref()
    if ('head' in answer) job?.resolve(answer.head)
    else job?.reject(new TwiinError(answer.code, answer.facts))
    this.#next()
  }

  /** A thread that hangs or died: its job is refused and the next job gets a new thread. */
  #fail(thread: Thread, reason: string): void {
    const at = this.#threads.indexOf(thread)
    if (at < 0) return
    this.#threads.splice(at, 1)
    this.#log.warn('a DICOM head could not be read: thread replaced', { reason })
    const error = thread.ready ? unreadable(reason) : new TwiinError('HEAD_READER_FAILED', { reason })
    void this.#end(thread, error)
    this.#next()
  }

  async #end(thread: Thread, error: Error): Promise<void> {
    clearTimeout(thread.timer)
    thread.job?.reject(error)
    delete thread.job
    await thread.worker.terminate()
  }
}

/** Only the view's own bytes: a thread gets a copy, and a small view may lie in a large buffer. */
function compact(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes)
}
