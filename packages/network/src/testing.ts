import { createHash, randomBytes } from 'node:crypto'
import type { Logger } from '@twiin/runtime'
import { TwiinError, silentLogger } from '@twiin/runtime'
import type { Admission, PeerAddresses } from './admission.ts'
import type { LookUp } from './dial-addresses.ts'
import type { HostLimits } from './limits.ts'
import { PeerHost } from './peer-host.ts'

export { insist, propose } from './testing/uncertified-peer.ts'

/** Admits everyone, or only the peers listed in `allowed`; in either case nobody in `revoked`. The credential is plain text. */
export class FakeAdmission implements Admission {
  readonly revoked = new Set<string>()
  readonly allowed: Set<string> | undefined
  readonly #credential: string

  constructor(options: { allowed?: Iterable<string>; credential?: string } = {}) {
    this.allowed = options.allowed === undefined ? undefined : new Set(options.allowed)
    this.#credential = options.credential ?? 'test credential'
  }

  credential(): Uint8Array {
    return new TextEncoder().encode(this.#credential)
  }

  async verify(presented: Uint8Array, peerId: string): Promise<void> {
    const text = new TextDecoder().decode(presented)
    if (text !== this.#credential) throw new TwiinError('CREDENTIAL_INVALID')
    if (!this.stillAdmitted(peerId)) throw new TwiinError('CREDENTIAL_REVOKED')
  }

  stillAdmitted(peerId: string): boolean {
    return !this.revoked.has(peerId) && (this.allowed?.has(peerId) ?? true)
  }
}

/** A directory that tests fill in. */
export class FakeDirectory implements PeerAddresses {
  readonly entries = new Map<string, readonly string[]>()

  addressesOf(peerId: string): readonly string[] {
    return this.entries.get(peerId) ?? []
  }
}

export interface TestHostOptions {
  limits?: Partial<HostLimits>
  admission?: FakeAdmission
  directory?: FakeDirectory
  /** The same name gives the same peer ID. Random when absent. */
  seedName?: string
  listen?: readonly string[]
  /** Default true: tests run on one machine. */
  dialLoopback?: boolean
  lookUp?: LookUp
  log?: Logger
}

/** A started host on 127.0.0.1 with a free port; `await using` stops it. */
export class TestHost implements AsyncDisposable {
  readonly host: PeerHost
  readonly admission: FakeAdmission
  readonly directory: FakeDirectory

  constructor(options: TestHostOptions = {}) {
    this.admission = options.admission ?? new FakeAdmission()
    this.directory = options.directory ?? new FakeDirectory()
    const seed =
      options.seedName === undefined
        ? randomBytes(32)
        : createHash('sha256').update(options.seedName).digest()
    this.host = new PeerHost(
      {
        listen: options.listen ?? ['/ip4/127.0.0.1/tcp/0'],
        dialLoopback: options.dialLoopback ?? true,
        limits: options.limits ?? {},
      },
      {
        ...{ seed, admission: this.admission, addresses: this.directory },
        ...(options.lookUp !== undefined && { lookUp: options.lookUp }),
        log: options.log ?? silentLogger,
      },
    )
  }

  static async start(options?: TestHostOptions): Promise<TestHost> {
    const test = new TestHost(options)
    await test.host.start()
    return test
  }

  /** Tells this host where the others are. */
  knows(...others: TestHost[]): this {
    for (const { host } of others) this.directory.entries.set(host.peerId, host.multiaddrs())
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host.stop()
  }
}

/** Started hosts that know each other's addresses, as a disposable list: `await using hosts = await startHosts(2)`. */
export async function startHosts(
  count: number,
  options?: TestHostOptions,
): Promise<TestHost[] & AsyncDisposable> {
  const hosts = await Promise.all(Array.from({ length: count }, () => TestHost.start(options)))
  for (const host of hosts) host.knows(...hosts.filter((other) => other !== host))
  return Object.assign(hosts, {
    [Symbol.asyncDispose]: async () => {
      await Promise.all(hosts.map((host) => host.host.stop()))
    },
  })
}
