import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { DiskReserve } from '@twiin/store'
import type { Account } from '../account/account.ts'
import type { ShareSettings } from '../config/share-settings.ts'
import type { Person } from '../people/people-file.ts'
import type { Chosen, PackageOrder } from '../share-package/package-order.ts'
import type { SharePackages } from '../share-package/share-packages.ts'
import type { LinkMailContent, ShareMail } from '../share-messages/link-mail.ts'
import { newLetterCode } from './codes.ts'
import { opensFrom } from './held-until.ts'
import { endOf, internationalNumber } from './phone-number.ts'
import type { MakeShares } from './make-shares.ts'
import type { ShareBook } from './share-book.ts'
import { lineOf } from './share-ends.ts'
import { linkHashOf, newLink, shareIdOf, shareUrl } from './share-link.ts'
import type { ShareFactor, ShareLanguage, ShareRecipient, ShareRecord } from './share-record.ts'
import type { CodeHashing } from './tries.ts'

export interface ShareOrder {
  readonly studyInstanceUids: readonly string[]
  /** As they were chosen for an earlier share. Absent: as they are found now. */
  readonly studies?: PackageOrder['studies']
  readonly searchId?: string
  readonly reports?: 'all' | 'none'
  readonly recipient: ShareRecipient
  readonly secondFactor: ShareFactor
  readonly validDays?: number
  readonly downloads?: boolean
  readonly discussed?: boolean
  readonly language?: ShareLanguage
}

/** What is told once: neither the key in the address nor the code is kept. */
export interface GivenShare {
  readonly record: ShareRecord
  readonly url: string
  readonly code?: string
}

export interface SharePreview {
  readonly mail: ShareMail | null
  readonly opensAt: number
  readonly expiresAt: number
  readonly studies: Chosen['studies']
}

interface Deps {
  book: ShareBook
  packages: Pick<SharePackages, 'choose'>
  maker: MakeShares
  linkMail: (of: LinkMailContent) => ShareMail
  account: Pick<Account, 'record'>
  reserve: Pick<DiskReserve, 'require'>
  hashing: CodeHashing
  clock: Pick<Clock, 'now'>
  random: (bytes: number) => Uint8Array
}

type Options = { hospital: string; share: ShareSettings }
const dayMs = 24 * 3_600_000
/** Beside the bytes of the studies: their pictures take about as much again, and a few MiB in any case. */
const pictureBytes = 64 * 1024 * 1024

/** A clinician shares studies (spec 25 §1, §6). */
export class CreateShare {
  readonly #options: Options
  readonly #deps: Deps

  constructor(options: Options, deps: Deps) {
    this.#options = options
    this.#deps = deps
  }

  /** Nothing is made or sent. Throws what `create` throws before it makes anything. */
  async preview(asked: ShareOrder, person: Person): Promise<SharePreview> {
    const wanted = withNumber(asked)
    const { chosen, order, opensAt, expiresAt } = await this.#choose(wanted, person)
    const { publicUrl, helpPhone } = this.#options.share
    const mail =
      wanted.recipient.email === undefined
        ? null
        : this.#deps.linkMail({
            url: `${publicUrl}/z/…`,
            ...{ hospital: this.#options.hospital, helpPhone, opensAt, expiresAt },
            ...{ factor: wanted.secondFactor.kind, language: order.language },
          })
    return { mail, opensAt, expiresAt, studies: chosen.studies }
  }

  /**
   * On record and on disk, and being made, when it resolves. Throws `FACTOR_NOT_CONFIGURED` (with the fact `factor`),
   * `FACTOR_NOT_FOR_RECIPIENT`, `PHONE_INVALID`, `PATIENT_UNKNOWN`, `STUDY_UNKNOWN`, `SEARCH_FIRST`, `IDENTITY_MISMATCH`,
   * `SHARING_NOT_PERMITTED`, `OUT_OF_RESOURCES`, `BUSY`.
   */
  async create(asked: ShareOrder, person: Person): Promise<GivenShare> {
    const wanted = withNumber(asked)
    const { book, maker, account, reserve, hashing, clock, random } = this.#deps
    maker.requireRoom()
    const { chosen, order, opensAt, expiresAt, validDays } = await this.#choose(wanted, person)
    await reserve.require(chosen.studies.reduce((sum, { bytes }) => sum + 2 * bytes, pictureBytes))
    const { secondFactor: factor, recipient } = wanted
    const code = factor.kind === 'letter' ? newLetterCode(random) : undefined
    const link = newLink(factor.kind, random)
    const key = Uint8Array.from(random(32))
    const url = shareUrl(this.#options.share.publicUrl, link, key)
    const linkHash = linkHashOf(link)
    const now = clock.now()
    const none = { count: 0 }
    const record: ShareRecord = {
      ...{ id: shareIdOf(linkHash), linkHash, state: 'preparing', createdAt: now, createdBy: person },
      recipient: namedRecipient(recipient, chosen),
      ...{ factor, patient: chosen.patient, order, validDays, opensAt, expiresAt },
      ...(chosen.bsn === undefined ? {} : { bsn: chosen.bsn }),
      ...{ discussed: wanted.discussed === true, studies: chosen.studies, bytes: 0 },
      mail: recipient.email === undefined ? 'none' : 'waiting',
      ...{ opened: none, viewed: none, downloaded: none },
      history: [
        {
          ...{ at: now, what: 'created', by: person.id },
          ...(factor.kind === 'sms' ? { phoneEnd: endOf(factor.phone) } : {}),
        },
      ],
    }
    const stored = code === undefined ? hashing.decoy : await hashing.hash(code)
    const line = { ...lineOf(record), event: 'share-created', outcome: 'success' } as const
    await account.record({ ...line, user: person })
    await book.add(record, factor.kind, stored)
    maker.begin({ id: record.id, key, url, person })
    return { record, url, ...(code === undefined ? {} : { code }) }
  }

  async #choose(wanted: ShareOrder, person: Person) {
    this.#requireMeans(wanted)
    const { reports = 'all', downloads = true, language = 'nl', searchId, secondFactor } = wanted
    const uids = [...new Set(wanted.studyInstanceUids)]
    const asked: PackageOrder = {
      studies: wanted.studies ?? uids.map((studyInstanceUid) => ({ studyInstanceUid })),
      ...(searchId === undefined ? {} : { searchId }),
      ...{ reports, downloads, language },
    }
    const chosen = await this.#deps.packages.choose(asked, person)
    // What was shown as another hospital's is taken of no other when the package is made, nor for a new link.
    const studies = chosen.studies.map(({ studyInstanceUid, local, holder }) =>
      local ? { studyInstanceUid } : { studyInstanceUid, holder },
    )
    const order = { ...asked, studies }
    if (secondFactor.kind === 'oidc' && chosen.bsn === undefined) throw new TwiinError('PATIENT_UNKNOWN')
    const validDays = wanted.validDays ?? this.#options.share.validDays
    const { discussed = false, recipient } = wanted
    const opensAt = opensFrom(
      this.#deps.clock.now(),
      chosen.studies.map(({ youngestReport }) => youngestReport),
      { reports, discussed, recipient },
      this.#options.share.reportDelayDays,
    )
    return { chosen, order, validDays, opensAt, expiresAt: opensAt + validDays * dayMs }
  }

  #requireMeans({ recipient, secondFactor }: ShareOrder): void {
    const { mail, sms, oidc } = this.#options.share
    const missing = (factor: string) => new TwiinError('FACTOR_NOT_CONFIGURED', { factor })
    if (recipient.email !== undefined && mail === undefined) throw missing('mail')
    if (secondFactor.kind === 'sms' && sms === undefined) throw missing('sms')
    if (secondFactor.kind === 'oidc' && oidc === undefined) throw missing('oidc')
    // A broker says who is the patient, not who is a colleague.
    if (secondFactor.kind === 'oidc' && recipient.kind !== 'patient')
      throw new TwiinError('FACTOR_NOT_FOR_RECIPIENT')
  }
}

/** Throws `PHONE_INVALID`. */
const withNumber = (wanted: ShareOrder): ShareOrder =>
  wanted.secondFactor.kind === 'sms'
    ? {
        ...wanted,
        secondFactor: { kind: 'sms', phone: internationalNumber(wanted.secondFactor.phone) },
      }
    : wanted

/** A patient is named by the studies where nobody says otherwise. */
function namedRecipient({ kind, name, email }: ShareRecipient, chosen: Chosen): ShareRecipient {
  const called = name ?? (kind === 'patient' ? chosen.name : '')
  return {
    kind,
    ...(called === '' ? {} : { name: called }),
    ...(email === undefined ? {} : { email }),
  }
}
