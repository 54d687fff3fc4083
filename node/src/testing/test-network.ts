import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NodeKey, credentialOf, encodeSignedDocument, splitCredential } from '@twiin/identity'
import { testAuthority } from '@twiin/identity/testing'
import type { TestAuthority } from '@twiin/identity/testing'
import { KeeperKey, TokenKeeper } from '@twiin/patient-token'
import {
  bundle as bundleType,
  evidence as evidenceType,
  protocolIds,
  tokenAnswer,
  tokenRequest,
  witnessedBundle,
} from '@twiin/protocol'
import type { Bundle, Evidence, Member } from '@twiin/protocol'
import { ShiftableClock, codeOf, silentLogger } from '@twiin/runtime'
import { NetworkView } from '../trust/network-view.ts'
import { TestLog } from './test-log.ts'
import { Wire } from './wire.ts'
import type { WiredHost } from './wire.ts'

/** What hospitals in a test have in common: clock, line, authority, directory and one token keeper. */
export class TestNetwork implements AsyncDisposable {
  readonly clock: ShiftableClock
  readonly wire = new Wire()
  readonly dir: string
  readonly authority: TestAuthority
  readonly log: TestLog
  readonly keeper: WiredHost
  readonly #keeperKey = KeeperKey.generate()
  readonly members: Member[] = []
  /** What nodes present; see `certify`. */
  readonly credentials = new Map<string, Uint8Array>()
  readonly #listeners: ((document: Uint8Array) => Promise<unknown>)[] = []
  readonly #views: NetworkView[] = []
  #version = 0
  epoch = 1
  /** Who cosigns the checkpoint of each bundle. */
  cosigners: readonly NodeKey[] = []
  witnessing: Bundle['witnessing'] = {
    ...{ phase: 'founding', quorum: 2, witnesses: [] },
    endsAt: Date.now() + 30 * 86_400_000,
  }

  private constructor(dir: string, authority: TestAuthority, clock: ShiftableClock) {
    this.clock = clock
    this.dir = dir
    this.authority = authority
    this.log = new TestLog(authority)
    this.keeper = this.wire.host(NodeKey.generate().peerId)
    this.keeper.answer(protocolIds.token, {}, (bytes, peerId) => this.#evaluate(bytes, peerId))
  }

  static async open({ clock = new ShiftableClock() } = {}): Promise<TestNetwork> {
    const dir = await mkdtemp(join(tmpdir(), 'twiin-network-'))
    return new TestNetwork(dir, await testAuthority(), clock)
  }

  /** Told of every new bundle, signed. */
  onBundle(listener: (document: Uint8Array) => Promise<unknown>): void {
    this.#listeners.push(listener)
  }

  async join(member: Pick<Member, 'ura' | 'name' | 'peerId'>): Promise<void> {
    this.members.push({
      ...{ addresses: [], declaredPatients: 1000, mailboxes: ['radiologie'] },
      ...{ category: 'hospital', level: 3, state: 'exchanging' },
      ...member,
    })
    await this.publish()
  }

  /** Issues a certificate for this member, on record: from now on its node presents it. */
  async certify(key: NodeKey, { ura, name }: { ura: string; name: string }): Promise<void> {
    const bare = await this.authority.certify(key, { ura, organisation: name })
    const { leaf, issuing } = splitCredential(bare)
    const evidence = evidenceType.encode(this.log.issued(leaf, this.cosigners))
    this.credentials.set(key.peerId, credentialOf(leaf, issuing, evidence))
  }

  /** A new version of the bundle reaches everybody. */
  async publish(change: Partial<Bundle> = {}): Promise<void> {
    const document = await this.document(change)
    for (const listener of this.#listeners) await listener(document)
  }

  /** The next version as the registry would serve it: signed, on record, with what proves that, or with other evidence. */
  async document(
    change: Partial<Bundle> = {},
    evidenceOf = (content: Bundle): Evidence => this.log.published(content, this.cosigners),
  ): Promise<Uint8Array> {
    const content = this.#contents(change)
    const signed = await this.authority.authority.signDocument(bundleType.encode(content))
    const document = encodeSignedDocument(signed)
    return witnessedBundle.encode({ document, evidence: evidenceOf(content) })
  }

  /** What a node that keeps its beliefs in this folder believes. */
  view(options: { dir?: string; trustDomain?: string } = {}, { log = silentLogger } = {}): NetworkView {
    const { rootCertificate, trustDomain } = this.authority
    const { dir, clock } = this
    const view = new NetworkView({ dir, trustDomain, rootCertificate, ...options }, { clock, log })
    this.#views.push(view)
    return view
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#views.map((view) => view.stop()))
    await rm(this.dir, { recursive: true })
  }

  #contents(change: Partial<Bundle>): Bundle {
    const { publicKey } = this.#keeperKey
    return {
      v: 2,
      version: ++this.#version,
      issuedAt: this.clock.now(),
      trustDomain: this.authority.trustDomain,
      index: { epoch: this.epoch, bits: 0, replicas: 3 },
      log: this.log.identity,
      witnessing: this.witnessing,
      members: this.members,
      revoked: [],
      tokens: {
        publicKey,
        threshold: 1,
        keepers: [{ index: 1, peerId: this.keeper.peerId, publicKey, addresses: [] }],
      },
      ...change,
    }
  }

  async #evaluate(bytes: Uint8Array, peerId: string): Promise<Uint8Array> {
    const { kind: _, user, ...request } = tokenRequest.decode(bytes)
    const keeper = new TokenKeeper(
      { epoch: this.epoch, nodeQuota: () => 1000, userQuota: 1000 },
      {
        key: this.#keeperKey,
        counters: { add: async () => undefined },
        record: async () => {},
        clock: this.clock,
      },
    )
    try {
      const answer = await keeper.evaluate(
        { ura: '90000000', peerId },
        { ...request, ...(user === undefined ? {} : { user }) },
      )
      return tokenAnswer.encode({ kind: 'evaluated', ...answer, evaluated: [...answer.evaluated] })
    } catch (error) {
      return tokenAnswer.encode({ kind: 'refused', reason: codeOf(error) })
    }
  }
}
