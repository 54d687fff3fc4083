import { createHash } from 'node:crypto'
import type { HeadReader } from '@twiin/dicom'
import { dataSetOf } from '@twiin/media'
import type { DiscInstance, MediaFile } from '@twiin/media'
import { defaultLimits } from '@twiin/media'
import { TwiinError, isTwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { InstanceRecord, StudyRecord, StudyStore } from '@twiin/study-store'
import type { Account } from '../account/account.ts'
import type { DeliverStudy } from '../deliver/deliver-study.ts'
import type { FileStudy } from '../filing/file-study.ts'
import { readHead } from '../holdings/read-head.ts'
import { citizenNumbersOf } from '../intake/own-head.ts'
import { reached } from '../transfers/hops.ts'
import type { TransferBook } from '../transfers/transfer-book.ts'
import type { FromDisc } from '../transfers/transfer-record.ts'
import type { Attempt } from '../transfers/transfer-runner.ts'
import type { DiscDesk } from './disc-desk.ts'
import type { DiscShelf } from './disc-shelf.ts'

interface Deps {
  desk: DiscDesk
  shelf: DiscShelf
  studies: StudyStore
  heads: HeadReader
  filing: FileStudy
  delivery: DeliverStudy
  book: TransferBook
  account: Account
  clock: Clock
}

/** A study of a disc becomes one of the study store, is filed safely, and comes into the PACS (spec 19 §4). */
export class TakeInStudy {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** One attempt: what is done already is not done again. */
  async run(transfer: FromDisc, signal: AbortSignal): Promise<Attempt> {
    const { book, filing, delivery, desk, clock } = this.#deps
    const { id, disc, patientKey, counterparty, stated } = transfer
    const [studyInstanceUid] = transfer.studyInstanceUids
    if (transfer.brought !== true) await this.#bring(transfer, signal)
    const { study, instances } = await this.#brought(
      studyInstanceUid,
      await desk.instancesOf(disc, patientKey, studyInstanceUid),
    )
    const work = { transferId: id, study, instances, bsn: undefined, ...(stated && { stated }) }
    const outcome = await filing.file({ ...work, holder: strangerOf(study, counterparty.name) })
    if ('held' in outcome) return { state: 'held', reason: 'PATIENT_CONFLICT' }
    if ('rejected' in outcome) return { state: 'failed', reason: 'REJECTED' }
    await book.change(id, (now) => reached(now, 'filed', clock.now()))
    const total = outcome.instances.length
    const { bytes } = transfer
    const onDelivered = (done: number) => book.progress(id, { instances: { done, total }, bytes })
    await delivery.deliver({ transferId: id, ...outcome, onDelivered }, signal)
    await book.change(id, (now) => reached(now, 'delivered', clock.now()))
    return { state: 'delivered', also: { instances: { done: total, total } } }
  }

  async #bring(transfer: FromDisc, signal: AbortSignal): Promise<void> {
    const { desk, shelf, book, account, studies, clock } = this.#deps
    const { id, disc, patientKey, user } = transfer
    const [studyInstanceUid] = transfer.studyInstanceUids
    const wanted = await desk.instancesOf(disc, patientKey, studyInstanceUid)
    const patient = (await desk.get(disc)).contents?.patients.find(({ key }) => key === patientKey)
    const [citizenNumber, ...others] = patient?.citizenNumbers ?? []
    // On record first: a study that nobody can account for must not be here.
    await account.record({
      event: 'media-import',
      outcome: 'success',
      ...(user === undefined ? {} : { user }),
      patient: {
        ...(patient?.localId ? { localId: patient.localId } : {}),
        ...(citizenNumber === undefined || others.length > 0 ? {} : { citizenNumber }),
      },
      objects: { studyInstanceUids: [studyInstanceUid], count: wanted.length },
      protocol: 'spec 19 §4: taken in',
      requestId: id,
    })
    const missing = new Map(wanted.map((instance) => [instance.ordinal, instance]))
    await using source = await shelf.open(disc)
    let conflicts = 0
    for await (const entry of source.entries(defaultLimits, signal)) {
      const instance = 'file' in entry ? missing.get(entry.file.ordinal) : undefined
      if (instance === undefined || !('file' in entry)) continue
      missing.delete(instance.ordinal)
      if (!(await this.#copy(entry.file, instance, transfer))) conflicts++
      const done = wanted.length - missing.size
      book.progress(id, {
        instances: { done: 0, total: wanted.length },
        bytes: share(transfer, done, wanted.length),
      })
      if (missing.size === 0) break
    }
    if (missing.size > 0) throw new TwiinError('DISC_UNREADABLE', { reason: 'files are missing' })
    // Kept aside: a person has to know before anything of this study goes on.
    if (conflicts > 0) throw new TwiinError('INSTANCE_CONFLICT')
    await studies.markWhole(studyInstanceUid, 'disc')
    const { total } = transfer.bytes
    await book.change(id, (now) => ({
      ...reached(now, 'fetched', clock.now()),
      brought: true,
      bytes: { done: total, total },
    }))
  }

  /** False when other content has its identifier here; it is kept aside. */
  async #copy(file: MediaFile, instance: DiscInstance, transfer: FromDisc): Promise<boolean> {
    const { studies, heads } = this.#deps
    const { sopClassUid, sopInstanceUid, transferSyntaxUid, sha256 } = instance
    const known = await studies.instanceByUid(sopInstanceUid, 'disc')
    if (known !== undefined && hex(known.sha256) === sha256) return true
    const institution = transfer.counterparty.name
    const incoming = await studies.openIncoming({
      ...{ sopClassUid, sopInstanceUid, transferSyntaxUid },
      origin: { kind: 'disc', institution, transferId: transfer.id },
    })
    try {
      for await (const chunk of dataSetOf(file, instance.offset)) await incoming.write(chunk)
      // What was shown is what is taken in.
      if (hex(incoming.digest()) !== sha256) throw new TwiinError('DISC_UNREADABLE', { reason: 'digest' })
      const head = await readHead(transferSyntaxUid, incoming, heads)
      const citizenNumbers = citizenNumbersOf(head, { acceptLegacyOtherPatientIds: false })
      return (await incoming.commit(head, { citizenNumbers })).outcome !== 'conflict'
    } catch (error) {
      await incoming.discard()
      throw isTwiinError(error, 'FILE_UNREADABLE') ? new TwiinError('DISC_UNREADABLE') : error
    }
  }

  /** What the disc brought, as it is kept: each instance checked to be that one. */
  async #brought(
    studyInstanceUid: string,
    wanted: readonly DiscInstance[],
  ): Promise<{ study: StudyRecord; instances: InstanceRecord[] }> {
    const { studies } = this.#deps
    const study = await studies.studyByUid(studyInstanceUid, 'disc')
    if (study === undefined) throw new TwiinError('STUDY_UNKNOWN')
    const instances: InstanceRecord[] = []
    for (const { sopInstanceUid, sha256 } of wanted) {
      const instance = await studies.instanceByUid(sopInstanceUid, 'disc')
      if (instance?.study !== study.handle || hex(instance.sha256) !== sha256)
        throw new TwiinError('INSTANCE_CONFLICT')
      instances.push(instance)
    }
    return { study, instances }
  }
}

/**
 * Who stands for the holder when filing makes an external number. Nobody vouches for the institution that a disc names,
 * and its numbers are anybody's: so the person is in it too (spec 19 §4).
 */
export function strangerOf(
  { institution, patient }: Pick<StudyRecord, 'institution' | 'patient'>,
  name: string,
): { ura: string; name: string } {
  const facts = [institution, patient.issuer, patient.name, patient.birthDate]
  const digest = createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 10)
  return { ura: `DISC-${digest}`, name: name === '' ? 'Disc' : name }
}

function share({ bytes: { total } }: FromDisc, done: number, all: number) {
  return { done: Math.floor((total * done) / all), total }
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
