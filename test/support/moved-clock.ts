/** A clock for real processes that a test moves on: libfaketime, which every process of the demo reads from one file. */
import { existsSync } from 'node:fs'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const library = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1'
export const fakeTimeInstalled = existsSync(library)
/** For the name of a test that is skipped. */
export const fakeTimeMissing = fakeTimeInstalled ? '' : ' (skipped: needs the Debian package faketime)'

export class MovedClock implements AsyncDisposable {
  readonly #dir: string

  private constructor(dir: string) {
    this.#dir = dir
  }

  static async create(): Promise<MovedClock> {
    const clock = new MovedClock(await mkdtemp(join(tmpdir(), 'twiin-clock-')))
    await clock.moveTo(0)
    return clock
  }

  /** Timers go on as they were: only the date moves, as on a host whose clock is set. */
  get env(): Record<string, string> {
    return {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    }
  }

  /** So many seconds after the real time, for every process from now on. */
  async moveTo(seconds: number): Promise<void> {
    await writeFile(`${this.#file}.new`, `+${seconds}\n`)
    await rename(`${this.#file}.new`, this.#file)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#dir, { recursive: true, force: true })
  }

  get #file(): string {
    return join(this.#dir, 'offset')
  }
}
