import { createHash, randomBytes } from 'node:crypto'
import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { Account } from '../account/account.ts'
import type { LaunchingSystem, Person } from './people-file.ts'

/** Whom a PACS or EPD wants somebody to look for. */
export interface Launch {
  readonly bsn: string
  readonly studyInstanceUid?: string
  /** Log-in name; nobody else may have it. */
  readonly user?: string
  /** On whose word: the name of the system. */
  readonly system: string
}

const openWithinMs = 60_000
const claimWithinMs = 10 * 60_000
const mostKept = 10_000

/** Launches from elsewhere, by one-time handle (spec 23 §6). In memory only; of handles only digests. */
export class Launches {
  readonly #account: Pick<Account, 'record'>
  readonly #clock: Clock
  readonly #waiting = new Map<string, { launch: Launch; until: number }>()
  readonly #opened = new Map<string, { launch: Launch; until: number }>()

  constructor(_options: object, deps: { account: Pick<Account, 'record'>; clock: Clock }) {
    this.#account = deps.account
    this.#clock = deps.clock
  }

  /** On record before the handle is given. `expiresAt` in milliseconds since the Unix epoch. */
  async make(
    wanted: Omit<Launch, 'system'>,
    system: LaunchingSystem,
  ): Promise<{ handle: string; expiresAt: number }> {
    const launch = { ...wanted, system: system.id }
    await this.#record(launch, system, { outcome: 'success', protocol: 'MADE' })
    const expiresAt = this.#clock.now() + openWithinMs
    return { handle: this.#keep(this.#waiting, launch, expiresAt), expiresAt }
  }

  /** Once: a browser has the handle, and gets a secret for the time that its person needs to log in. Throws LAUNCH_GONE. */
  open(handle: string): string {
    const launch = this.#take(this.#waiting, handle)
    if (launch === undefined) throw new TwiinError('LAUNCH_GONE')
    return this.#keep(this.#opened, launch, this.#clock.now() + claimWithinMs)
  }

  /** Once, on record before it is given. Throws LAUNCH_GONE, LAUNCH_OF_ANOTHER. */
  async claim(secret: string, person: Person): Promise<Launch> {
    const launch = this.#take(this.#opened, secret)
    if (launch === undefined) throw new TwiinError('LAUNCH_GONE')
    const isFor = launch.user === undefined || launch.user === person.id
    await this.#record(launch, person, {
      protocol: 'CLAIMED',
      ...(isFor ? { outcome: 'success' } : { outcome: 'refused', reason: 'LAUNCH_OF_ANOTHER' }),
    })
    if (!isFor) throw new TwiinError('LAUNCH_OF_ANOTHER')
    return launch
  }

  #record(
    { bsn, studyInstanceUid, system }: Launch,
    user: Person | LaunchingSystem,
    how: { outcome: 'success' | 'refused'; protocol: string; reason?: string },
  ): Promise<void> {
    return this.#account.record({
      ...{ event: 'launch', user, patient: { citizenNumber: bsn } },
      ...(studyInstanceUid === undefined ? {} : { objects: { studyInstanceUids: [studyInstanceUid] } }),
      ...(user.id === system ? {} : { responsible: { id: system } }),
      ...how,
    })
  }

  #keep(place: Map<string, { launch: Launch; until: number }>, launch: Launch, until: number): string {
    for (const [key, kept] of place)
      if (kept.until < this.#clock.now() || place.size >= mostKept) place.delete(key)
    const secret = randomBytes(32).toString('base64url')
    place.set(digest(secret), { launch, until })
    return secret
  }

  #take(place: Map<string, { launch: Launch; until: number }>, secret: string): Launch | undefined {
    const key = digest(secret)
    const kept = place.get(key)
    place.delete(key)
    return kept === undefined || kept.until < this.#clock.now() ? undefined : kept.launch
  }
}

const digest = (secret: string) => createHash('sha256').update(secret).digest('base64')
