import type { Admission, PeerAddresses } from './admission.ts'
import type { HostLimits } from './limits.ts'
import type { PeerHost } from './peer-host.ts'

/** An admission by a list of peer IDs; everyone when no list is given. The credential is plain text. */
export class FakeAdmission implements Admission {
  readonly revoked = new Set<string>()

  credential(): Uint8Array {
    return new TextEncoder().encode('test credential')
  }
  async verify(_presented: Uint8Array, _peerId: string): Promise<void> {}
  stillAdmitted(peerId: string): boolean {
    return !this.revoked.has(peerId)
  }
}

/** A directory that tests fill in. */
export class FakeDirectory implements PeerAddresses {
  readonly entries = new Map<string, readonly string[]>()

  addressesOf(peerId: string): readonly string[] {
    return this.entries.get(peerId) ?? []
  }
}

export interface TestHost extends AsyncDisposable {
  readonly host: PeerHost
  readonly admission: FakeAdmission
  readonly directory: FakeDirectory
}

export interface TestHostOptions {
  limits?: Partial<HostLimits>
  admission?: FakeAdmission
  directory?: FakeDirectory
}

/** Started hosts on 127.0.0.1 that know each other's addresses. `await using hosts = await startHosts(2)` stops them. */
export async function startHosts(
  _count: number,
  _options?: TestHostOptions,
): Promise<TestHost[] & AsyncDisposable> {
  throw new Error('unwritten')
}
