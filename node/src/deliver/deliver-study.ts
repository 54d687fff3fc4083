import { applyOverlay } from '@twiin/dicom'
import type { EgressOverlay } from '@twiin/dicom'
import { dimseStatus, isStored, openAssociation } from '@twiin/dimse'
import type { Association } from '@twiin/dimse'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { Repository, Sealer } from '@twiin/store'
import type { InstanceRecord } from '@twiin/study-store'
import type { LinkSpeeds } from '../transfers/link-speeds.ts'
import type { Links } from '../transfers/links.ts'
import type { ReportForms } from '../reports/report-forms.ts'
import type { Commitments } from './commitments.ts'
import { DeliveryRound, contextOf, ofTheAssociation } from './delivery-round.ts'
import type { Pacs } from './pacs.ts'

export interface Delivery {
  transferId: string
  instances: readonly InstanceRecord[]
  /** For those that came from elsewhere. */
  overlay: EgressOverlay | undefined
  onDelivered: (done: number) => void
}

/** What this attempt brought. */
interface Tally {
  bytes: number
}

/** Added to the status of an instance that the PACS also committed itself to. */
const isCommitted = 0x1_0000
/** An instance that the PACS does not commit itself to is sent so often, then it needs a person. */
const mostRounds = 2

interface Deps {
  /** In which form reports go. */
  forms: ReportForms
  /** Where the PACS has to commit itself before something counts as delivered. */
  commitments: Pick<Commitments, 'ask'> | undefined
  /** `<transfer>.<instance>` → the status the PACS answered. */
  deliveries: Repository<number>
  sealer: Sealer
  links: Links
  speeds: LinkSpeeds
  clock: Clock
  log: Logger
}

/**
 * Files instances in the hospital's PACS by C-STORE, under the identifiers that filing decided. Each one that the PACS
 * took is on disk before the next is sent: after a crash at most the one in doubt goes again, with the same bytes.
 */
export class DeliverStudy {
  readonly #pacs: Pacs
  readonly #deps: Deps

  constructor(options: { pacs: Pacs }, deps: Deps) {
    this.#pacs = options.pacs
    this.#deps = deps
  }

  /**
   * Resolves when the PACS answered Success (or a warning that it stored) for all. Throws `PACS_REFUSED` when another
   * try is useless, `PACS_BUSY` and the codes of packages/dimse when not; what reading an instance threw. One bad
   * instance never keeps back the others. Of a PACS that is away the error has the fact `link: 'pacs'`; `LINK_OPEN` when
   * another transfer tries whether it is back (spec 17 §2).
   */
  async deliver(wanted: Delivery, signal: AbortSignal): Promise<void> {
    const { forms, links, speeds, clock } = this.#deps
    links.enter('pacs', wanted.transferId)
    const begun = clock.now()
    const tally = { bytes: 0 }
    try {
      // What the PACS is given is also what it is asked about.
      const work = { ...wanted, instances: await forms.of(wanted.instances) }
      await this.#resolveDoubt(work, signal)
      for (let round = 1; ; round++) {
        await this.#deliver(work, tally, signal)
        const failed = await this.#commit(work, signal)
        if (failed === undefined) break
        if (round < mostRounds) continue
        throw new TwiinError('COMMITMENT_FAILED', failed)
      }
    } catch (error) {
      signal.throwIfAborted()
      throw (await this.#isAway(error, signal))
        ? new TwiinError(codeOf(error), { ...factsOf(error), link: 'pacs' }, { cause: error })
        : error
    } finally {
      speeds.note('pacs', tally.bytes, clock.now() - begun)
    }
  }

  /**
   * A crash may have come between the Success of the PACS and our note of it. With commitment the PACS is asked what it has
   * of the rest before that is sent; without, the one in doubt goes again, identical.
   */
  async #resolveDoubt(work: Delivery, signal: AbortSignal): Promise<void> {
    const { commitments, deliveries } = this.#deps
    const open = await this.#statusesOf(work)
    const rest = open.filter(({ status }) => status === undefined)
    if (commitments === undefined || rest.length === 0 || rest.length === open.length) return
    const references = rest.map(({ instance }) => instance)
    // Whoever cannot say gets them again.
    const known = await commitments.ask(references, signal).catch(() => undefined)
    signal.throwIfAborted()
    for (const { sopInstanceUid } of known?.committed ?? [])
      await deliveries.put(this.#keyOf(work, sopInstanceUid), isCommitted)
  }

  /**
   * Undefined when the PACS is committed to all; what it is not is open again. Throws `COMMITMENT_PENDING` for what its
   * result does not name.
   */
  async #commit(
    work: Delivery,
    signal: AbortSignal,
  ): Promise<{ refused: number; status: number } | undefined> {
    const { commitments, deliveries } = this.#deps
    if (commitments === undefined) return undefined
    const uncommitted = (await this.#statusesOf(work)).filter(({ status = 0 }) => status < isCommitted)
    if (uncommitted.length === 0) return undefined
    const { committed, failed } = await commitments.ask(
      uncommitted.map(({ instance }) => instance),
      signal,
    )
    const statuses = new Map(uncommitted.map(({ instance, status = 0 }) => [instance.sopInstanceUid, status]))
    await Promise.all([
      ...committed.map(({ sopInstanceUid }) =>
        deliveries.put(this.#keyOf(work, sopInstanceUid), isCommitted | (statuses.get(sopInstanceUid) ?? 0)),
      ),
      ...failed.map(({ sopInstanceUid }) => deliveries.delete(this.#keyOf(work, sopInstanceUid))),
    ])
    const [first] = failed
    if (first !== undefined) return { refused: failed.length, status: first.reason }
    const unnamed = statuses.size - committed.length
    if (unnamed > 0) throw new TwiinError('COMMITMENT_PENDING', { unnamed })
    return undefined
  }

  async #statusesOf(work: Delivery): Promise<{ instance: InstanceRecord; status: number | undefined }[]> {
    return Promise.all(
      work.instances.map(async (instance) => ({
        instance,
        status: await this.#deps.deliveries.get(this.#keyOf(work, instance.sopInstanceUid)),
      })),
    )
  }

  /** Whether what was delivered was also committed. */
  get commits(): boolean {
    return this.#deps.commitments !== undefined
  }

  /** One object on which everything breaks does not make the PACS one that is away: that one answers C-ECHO. */
  async #isAway(error: unknown, signal: AbortSignal): Promise<boolean> {
    const code = codeOf(error)
    if (code === 'PACS_BUSY') return factsOf(error)['stored'] === 0
    return ofTheAssociation(code) && !(await this.isReachable(signal))
  }

  async #deliver(work: Delivery, tally: Tally, signal: AbortSignal): Promise<void> {
    const todo: InstanceRecord[] = []
    const { instances } = work
    for (const instance of instances) {
      if (!(await this.#deps.deliveries.has(this.#keyOf(work, instance.sopInstanceUid)))) todo.push(instance)
    }
    const round = new DeliveryRound(todo, instances.length)
    work.onDelivered(round.done)
    for (let group = round.nextGroup(); group.length > 0; group = round.nextGroup()) {
      signal.throwIfAborted()
      await this.#deliverGroup(group, { round, work, tally }, signal)
    }
    const { refusals, unreadable, broken } = round
    // An object on which the association breaks every time, while the PACS is well otherwise, is refused by it.
    const isObject = broken === undefined || round.answered > 0 || (await this.isReachable(signal))
    signal.throwIfAborted()
    const stored = Math.max(0, round.answered - refusals.length)
    if (refusals.length > 0 && isObject) this.#refuse(work.transferId, refusals, stored)
    if (broken !== undefined) throw broken
    if (unreadable !== undefined) throw unreadable
  }

  /** One association, until its instances are through or one of them breaks it. Throws when the PACS is not there. */
  async #deliverGroup(
    group: readonly InstanceRecord[],
    { round, work, tally }: { round: DeliveryRound; work: Delivery; tally: Tally },
    signal: AbortSignal,
  ): Promise<void> {
    await using association = await this.#associate(group, signal)
    for (const instance of group) {
      let status: number
      try {
        status = await this.#store(association, instance, work.overlay, signal)
      } catch (error) {
        signal.throwIfAborted()
        this.#deps.log.warn('association with the PACS broke', {
          transfer: work.transferId,
          code: codeOf(error),
        })
        return round.broke(instance, error)
      }
      if (isStored(status)) {
        await this.#deps.deliveries.put(this.#keyOf(work, instance.sopInstanceUid), status)
        this.#deps.links.alive('pacs')
        tally.bytes += instance.size
        work.onDelivered(round.stored(instance))
      } else {
        round.refused(instance, status)
      }
    }
    await association.release()
  }

  #keyOf({ transferId }: Delivery, sopInstanceUid: string): string {
    return `${transferId}.${this.#deps.sealer.opaque('delivery', sopInstanceUid)}`
  }

  async #associate(group: readonly InstanceRecord[], signal: AbortSignal): Promise<Association> {
    const contexts = new Map(group.map((instance) => [contextOf(instance), instance]))
    const { host, port, aeTitle, callingAeTitle, tls } = this.#pacs
    return openAssociation(
      {
        host,
        port,
        ...(tls && { tls: tls() }),
        callingAe: callingAeTitle,
        calledAe: aeTitle,
        contexts: [...contexts.values()].map(({ sopClassUid, transferSyntaxUid }) => ({
          abstractSyntax: sopClassUid,
          transferSyntaxes: [transferSyntaxUid],
        })),
        signal,
      },
      { log: this.#deps.log },
    )
  }

  async #store(
    association: Association,
    instance: InstanceRecord,
    overlay: EgressOverlay | undefined,
    signal: AbortSignal,
  ): Promise<number> {
    const { sopClassUid, sopInstanceUid, transferSyntaxUid } = instance
    if (!association.accepts(sopClassUid, transferSyntaxUid)) return dimseStatus.classNotSupported
    const dataSet = () => {
      const original = this.#deps.forms.read(instance)
      // What this hospital made itself keeps its identifiers.
      return overlay === undefined || instance.origin.kind === 'local'
        ? original
        : applyOverlay(overlay, { transferSyntaxUid, dataSet: original })
    }
    const { status } = await association.store(
      { sopClassUid, sopInstanceUid, transferSyntaxUid, dataSet },
      { signal },
    )
    return status
  }

  #refuse(transfer: string, refusals: readonly number[], stored: number): never {
    const [status = 0] = refusals
    this.#deps.log.warn('PACS refused instances', { transfer, refused: refusals.length, status })
    // PS3.4 table B.2-1: A7xx is out of resources, and passes.
    const passes = refusals.every((refusal) => (refusal & 0xff00) === 0xa700)
    throw new TwiinError(passes ? 'PACS_BUSY' : 'PACS_REFUSED', { refused: refusals.length, status, stored })
  }

  /** C-ECHO, for the status page. */
  async isReachable(signal: AbortSignal): Promise<boolean> {
    const { host, port, aeTitle, callingAeTitle, tls } = this.#pacs
    try {
      await using association = await openAssociation(
        {
          ...{ host, port, callingAe: callingAeTitle, calledAe: aeTitle, contexts: [verification], signal },
          ...(tls && { tls: tls() }),
        },
        { log: this.#deps.log },
      )
      return (await association.echo()) === dimseStatus.success
    } catch (error) {
      this.#deps.log.debug('PACS not reached', { code: codeOf(error) })
      return false
    }
  }
}

const verification = { abstractSyntax: '1.2.840.10008.1.1', transferSyntaxes: ['1.2.840.10008.1.2'] }

const factsOf = (error: unknown): TwiinError['facts'] => (error instanceof TwiinError ? error.facts : {})
