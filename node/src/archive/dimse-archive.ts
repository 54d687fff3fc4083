import { attribute, decodeIdentifier, encodeIdentifier, textsOf, transferSyntax } from '@twiin/dicom'
import type { Attributes } from '@twiin/dicom'
import { isStorageClass, openAssociation, queryRetrieve } from '@twiin/dimse'
import type { Association, ClientTls, SubOperations, WantedContext } from '@twiin/dimse'
import { TwiinError, codeOf, isTwiinError } from '@twiin/runtime'
import type { Logger } from '@twiin/runtime'
import type { SeriesRecord } from '@twiin/study-store'
import { archiveSeries, archiveStudy, seriesKeys, studyKeys, tag } from './archive-study.ts'
import type { ArchiveStudy } from './archive-study.ts'
import type { ArchiveSource, DateWindow, OpenInstance } from './archive-source.ts'
import type { ReceiveFromArchive } from './receive-from-archive.ts'
import { retrievedContexts } from './retrieved-contexts.ts'

export interface DimseArchiveOptions {
  host: string
  port: number
  aeTitle: string
  callingAeTitle: string
  /** Absent: plain associations. */
  tls?: () => ClientTls
  retrieve: 'move' | 'get'
  /** Where a C-MOVE sends to: the node's own AE title for this and nothing else. */
  receiveAeTitle: string
  ownIssuer: string
  /** Without progress. */
  timeoutMs: number
}

type Matching = readonly ReturnType<typeof attribute>[]

const explicit = transferSyntax.explicitLittleEndian
const implicit = transferSyntax.implicitLittleEndian
const { find, move, get } = queryRetrieve
const retrievalMs = 4 * 3_600_000
/** Low: people who wait come first (PS3.7 §9.1.2.1). */
const low = 2

/** An archive that speaks DIMSE: C-FIND, and C-MOVE or C-GET, Study Root. */
export class DimseArchive implements ArchiveSource {
  readonly #options: DimseArchiveOptions
  readonly #log: Logger
  readonly #receiver: ReceiveFromArchive

  constructor(options: DimseArchiveOptions, deps: { receiver: ReceiveFromArchive; log: Logger }) {
    this.#options = options
    this.#log = deps.log
    this.#receiver = deps.receiver
  }

  async *studies({ from, until }: DateWindow, signal: AbortSignal): AsyncGenerator<ArchiveStudy> {
    const range = `${from.replaceAll('-', '')}-${until.replaceAll('-', '')}`
    yield* this.#find('STUDY', studyKeys, [attribute(tag.studyDate, range)], signal, (answer) =>
      archiveStudy(answer, this.#options),
    )
  }

  async study(studyInstanceUid: string, signal: AbortSignal): Promise<ArchiveStudy | undefined> {
    const uid = [attribute(tag.studyInstanceUid, studyInstanceUid)]
    const read = (answer: Attributes) => archiveStudy(answer, this.#options)
    let found: ArchiveStudy | undefined
    for await (const study of this.#find('STUDY', studyKeys, uid, signal, read))
      if (study.studyInstanceUid === studyInstanceUid) found = study
    return found
  }

  /** An archive that does not return Other Patient IDs on C-FIND does not tell a BSN (spec 18 §2). */
  async completed(study: ArchiveStudy): Promise<ArchiveStudy> {
    return study
  }

  async series(studyInstanceUid: string, signal: AbortSignal): Promise<SeriesRecord[]> {
    const uid = [attribute(tag.studyInstanceUid, studyInstanceUid)]
    const series: SeriesRecord[] = []
    for await (const each of this.#find('SERIES', seriesKeys, uid, signal, archiveSeries))
      if (each !== undefined) series.push(each)
    return series
  }

  async fetch(studyInstanceUid: string, open: OpenInstance, signal: AbortSignal): Promise<void> {
    const { retrieve, receiveAeTitle } = this.#options
    const identifier = identifierOf('STUDY', [], [attribute(tag.studyInstanceUid, studyInstanceUid)])
    if (retrieve === 'get') {
      const classes = await this.#classesOf(studyInstanceUid, signal)
      const contexts = [query(get.studyRoot), ...retrievedContexts(classes)]
      return this.#asked(contexts, signal, async (association) => {
        const asked = {
          ...encodedFor(association, get.studyRoot, identifier),
          sopClassUid: get.studyRoot,
          signal,
        }
        await allOf(association.get(asked, open))
      })
    }
    // spec 18 §5: what comes to our AE title for it, and is of this study, is what we asked for.
    await this.#receiver.during(open, signal, () =>
      this.#asked([query(move.studyRoot)], signal, async (association) => {
        const asked = {
          ...encodedFor(association, move.studyRoot, identifier),
          sopClassUid: move.studyRoot,
          signal,
        }
        await allOf(association.move({ ...asked, destinationAe: receiveAeTitle }))
      }),
    )
  }

  /** None when the archive does not tell them: the key is optional (PS3.4 C.3.4). */
  async #classesOf(studyInstanceUid: string, signal: AbortSignal): Promise<string[]> {
    const uid = [attribute(tag.studyInstanceUid, studyInstanceUid)]
    const read = (answer: Attributes) => textsOf(answer, tag.sopClassesInStudy)
    const classes: string[] = []
    for await (const told of this.#find('STUDY', [tag.sopClassesInStudy], uid, signal, read))
      classes.push(...told.filter(isStorageClass))
    return classes
  }

  async *#find<T>(
    level: 'STUDY' | 'SERIES',
    keys: readonly string[],
    matching: Matching,
    signal: AbortSignal,
    read: (answer: Attributes) => T,
  ): AsyncGenerator<T> {
    const identifier = identifierOf(level, keys, matching)
    const association = await this.#open([query(find.studyRoot)], signal)
    try {
      const encoded = encodedFor(association, find.studyRoot, identifier)
      const asked = { ...encoded, sopClassUid: find.studyRoot, priority: low, signal } as const
      for await (const bytes of association.find(asked)) {
        const answer = await this.#understood(async () =>
          read(await decodeIdentifier(bytes, encoded.transferSyntaxUid)),
        )
        if (answer !== undefined) yield answer
      }
      await association.release()
    } catch (error) {
      association.abort()
      throw inOurWords(error, signal)
    } finally {
      await association.release()
    }
  }

  async #asked(
    contexts: readonly WantedContext[],
    signal: AbortSignal,
    work: (association: Association) => Promise<void>,
  ): Promise<void> {
    // How long a retrieval takes nobody knows; whether it goes on is watched by who asked.
    const association = await this.#open(contexts, signal, retrievalMs)
    try {
      await work(association)
      await association.release()
    } catch (error) {
      association.abort()
      throw inOurWords(error, signal)
    }
  }

  async #open(
    contexts: readonly WantedContext[],
    signal: AbortSignal,
    responseMs = this.#options.timeoutMs,
  ): Promise<Association> {
    const { host, port, aeTitle, callingAeTitle, tls, timeoutMs } = this.#options
    const timeouts = { connectMs: Math.min(timeoutMs, 30_000), responseMs, progressMs: timeoutMs }
    try {
      return await openAssociation(
        {
          host,
          port,
          calledAe: aeTitle,
          callingAe: callingAeTitle,
          contexts: [...contexts],
          timeouts,
          ...(tls && { tls: tls() }),
          signal,
        },
        { log: this.#log },
      )
    } catch (error) {
      throw inOurWords(error, signal)
    }
  }

  async #understood<T>(read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read()
    } catch (error) {
      this.#log.warn('answer of the archive not understood', { code: codeOf(error) })
      return undefined
    }
  }
}

const query = (abstractSyntax: string): WantedContext => ({
  abstractSyntax,
  transferSyntaxes: [explicit, implicit],
})

function identifierOf(level: string, keys: readonly string[], matching: Matching): Attributes {
  const identifier: Attributes = new Map([...keys].sort().map((key) => attribute(key)))
  identifier.set(...attribute(tag.queryLevel, level))
  for (const [key, value] of matching) identifier.set(key, value)
  return identifier
}

/** In the syntax that the archive took; explicit where it takes both. */
function encodedFor(association: Association, sopClassUid: string, identifier: Attributes) {
  const transferSyntaxUid = association.accepts(sopClassUid, explicit) ? explicit : implicit
  return { transferSyntaxUid, identifier: encodeIdentifier(identifier, transferSyntaxUid) }
}

async function allOf(operations: AsyncIterable<SubOperations>): Promise<void> {
  let last: SubOperations | undefined
  for await (const operation of operations) last = operation
  // Whether everything came is counted by who asked; this one says that it did not.
  if (last !== undefined && last.failed > 0)
    throw new TwiinError('ARCHIVE_INCOMPLETE', { failed: last.failed })
}

/** What went wrong on the line, or was refused, as every archive tells it (spec 18 §5). */
function inOurWords(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason
  if (isTwiinError(error, 'DIMSE_REFUSED')) {
    const status = Number(error.facts['status'])
    const isBusy = status === 0xa700 || status === 0xa701 || status === 0xa702
    return new TwiinError(isBusy ? 'ARCHIVE_BUSY' : 'ARCHIVE_REFUSED', { status }, { cause: error })
  }
  if (isTwiinError(error, 'DIMSE_TIMEOUT')) return new TwiinError('ARCHIVE_TIMEOUT', {}, { cause: error })
  if (isTwiinError(error, 'ASSOCIATION_REJECTED', 'CONTEXT_NOT_ACCEPTED', 'TOO_MANY_CONTEXTS'))
    return new TwiinError('ARCHIVE_REFUSED', { code: error.code }, { cause: error })
  if (
    isTwiinError(error, 'CONNECTION_FAILED', 'ASSOCIATION_LOST', 'ASSOCIATION_ABORTED', 'ASSOCIATION_CLOSED')
  )
    return new TwiinError('ARCHIVE_UNREACHABLE', { code: error.code }, { cause: error })
  return error
}
