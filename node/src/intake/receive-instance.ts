import { DataSetScan, describeTransferSyntax } from '@twiin/dicom'
import type { HeadReader, InstanceHead } from '@twiin/dicom'
import { dimseStatus } from '@twiin/dimse'
import type { StoreRequest, StoreSink, StoreStatus } from '@twiin/dimse'
import { isTwiinError } from '@twiin/runtime'
import type { Logger } from '@twiin/runtime'
import type { Committed, IncomingInstance } from '@twiin/study-store'
import { readHead } from '../holdings/read-head.ts'
import { citizenNumbersOf, withOwnIssuer } from './own-head.ts'

/** Duplicate SOP Instance (PS3.7 annex C.5.20): the identifier is here already, with other content. */
const duplicateSopInstance = 0x0111

interface Options {
  defaultIssuer: string
  acceptLegacyOtherPatientIds: boolean
  /** The only study that is taken. */
  studyInstanceUid?: string
}

interface Deps {
  request: StoreRequest
  incoming: IncomingInstance
  heads: HeadReader
  /** The instance is here; durable, whatever it does, before the sender is answered. */
  beforeSuccess: (study: { handle: string; studyInstanceUid: string }) => Promise<void>
  /** Other content under an identifier that is here was kept aside; told to people before the sender is answered. */
  keptAside: (
    study: string,
    arrived: { head: InstanceHead; citizenNumbers: readonly string[] },
  ) => Promise<void>
  stored: (study: { handle: string; studyInstanceUid: string; sopInstanceUid: string }) => void
  log: Logger
}

/** Takes one instance off the wire into the study store. Success goes out only after it is on disk. */
export class InstanceReception implements StoreSink {
  readonly #options: Options
  readonly #deps: Deps
  readonly #scan: DataSetScan

  constructor(options: Options, deps: Deps) {
    this.#options = options
    this.#deps = deps
    this.#scan = new DataSetScan({ transferSyntaxUid: deps.request.transferSyntaxUid })
  }

  async write(chunk: Buffer): Promise<void> {
    await this.#scan.push(chunk)
    await this.#deps.incoming.write(chunk)
  }

  async finish(): Promise<StoreStatus> {
    const { request, incoming } = this.#deps
    const whole = await this.#scan.end()
    if (!whole.complete) return this.#refuse(dimseStatus.cannotUnderstand, whole.reason ?? 'incomplete')
    // PS3.5 §7.1: values have even lengths, so a whole data set has one too; some receivers drop the association over it.
    if (incoming.size % 2 !== 0 && !isDeflated(request.transferSyntaxUid)) {
      return this.#refuse(dimseStatus.cannotUnderstand, 'odd length')
    }
    let head: InstanceHead
    try {
      head = await readHead(request.transferSyntaxUid, incoming, this.#deps.heads)
    } catch (error) {
      if (!isTwiinError(error, 'DICOM_UNREADABLE', 'DICOM_HEAD_TOO_SHORT')) throw error
      return this.#refuse(dimseStatus.cannotUnderstand, String(error.facts['reason'] ?? error.code))
    }
    // PS3.7 §9.1.1: the command and the data set must name the same instance.
    if (head.sopInstanceUid !== request.sopInstanceUid || head.sopClassUid !== request.sopClassUid) {
      return this.#refuse(dimseStatus.dataSetMismatch, 'command and data set differ')
    }
    const { studyInstanceUid = head.studyInstanceUid } = this.#options
    if (head.studyInstanceUid !== studyInstanceUid)
      return this.#refuse(dimseStatus.dataSetMismatch, 'another study')
    const committed = await this.#commit(head)
    if (committed === undefined) return this.#refuse(dimseStatus.cannotUnderstand, 'identifiers')
    const { outcome, study } = committed
    if (outcome === 'conflict') {
      this.#deps.log.warn('instance kept aside: its identifier is here with other content', {
        association: request.association.id,
      })
      await this.#deps.keptAside(study, {
        head: withOwnIssuer(head, this.#options.defaultIssuer),
        citizenNumbers: citizenNumbersOf(head, this.#options),
      })
      return duplicateSopInstance
    }
    // Only now: an instance that was refused must not send anybody's study anywhere. A crash in between leaves the
    // sender without an answer, so it sends the instance again.
    await this.#deps.beforeSuccess({ handle: study, studyInstanceUid: head.studyInstanceUid })
    this.#deps.stored({
      handle: study,
      studyInstanceUid: head.studyInstanceUid,
      sopInstanceUid: head.sopInstanceUid,
    })
    return dimseStatus.success
  }

  /** Undefined when its identifiers cannot be filed under. */
  async #commit(head: InstanceHead): Promise<Committed | undefined> {
    try {
      return await this.#deps.incoming.commit(withOwnIssuer(head, this.#options.defaultIssuer), {
        citizenNumbers: citizenNumbersOf(head, this.#options),
      })
    } catch (error) {
      if (isTwiinError(error, 'HEADER_INVALID')) return undefined
      throw error
    }
  }

  async abort(reason: string): Promise<void> {
    this.#deps.log.debug('instance not received', { association: this.#deps.request.association.id, reason })
    await this.#deps.incoming.discard()
  }

  async #refuse(status: StoreStatus, reason: string): Promise<StoreStatus> {
    const { request, incoming, log } = this.#deps
    log.warn('instance refused', {
      association: request.association.id,
      status,
      reason,
      sopClassUid: request.sopClassUid,
    })
    await incoming.discard()
    return status
  }
}

const isDeflated = (transferSyntaxUid: string) => describeTransferSyntax(transferSyntaxUid)?.deflated === true
