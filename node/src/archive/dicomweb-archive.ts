import { isUid, readPart10Meta } from '@twiin/dicom'
import type { Attributes } from '@twiin/dicom'
import type { StoreSink } from '@twiin/dimse'
import { isStored } from '@twiin/dimse'
import { TwiinError, codeOf, isTwiinError } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { SeriesRecord } from '@twiin/study-store'
import { valueOf, wantedOf } from './answer-values.ts'
import { archiveSeries, archiveStudy, patientOfAnswer, seriesKeys, studyKeys, tag } from './archive-study.ts'
import type { ArchiveStudy } from './archive-study.ts'
import type { ArchiveSource, DateWindow, OpenInstance } from './archive-source.ts'
import { IdleTimer } from './idle-timer.ts'
import { boundaryOf, multipart } from './multipart.ts'

export interface DicomwebArchiveOptions {
  /** Base of QIDO-RS and WADO-RS. */
  url: string
  /** Value of the Authorization header. */
  authorization?: string
  /** Issuer of patient numbers without one. */
  ownIssuer: string
  /** Without progress. */
  timeoutMs: number
}

const pageSize = 200
const mostPages = 500
const mostPageBytes = 16 * 1024 * 1024
/** The file meta information of a part lies within its first bytes. */
const mostMetaBytes = 64 * 1024
const instanceKeys = [tag.studyInstanceUid, tag.seriesInstanceUid, tag.sopInstanceUid]
const few = 8
const noAttributes: Attributes = new Map()
const json = 'application/dicom+json'
const files = 'multipart/related; type="application/dicom"; transfer-syntax=*'

/** An archive that speaks DICOMweb (PS3.18). */
export class DicomwebArchive implements ArchiveSource {
  readonly #options: DicomwebArchiveOptions
  readonly #clock: Clock
  readonly #log: Logger

  constructor(options: DicomwebArchiveOptions, deps: { clock: Clock; log: Logger }) {
    this.#options = options
    this.#clock = deps.clock
    this.#log = deps.log
  }

  async *studies({ from, until }: DateWindow, signal: AbortSignal): AsyncGenerator<ArchiveStudy> {
    const range = `${from.replaceAll('-', '')}-${until.replaceAll('-', '')}`
    const seen = new Set<string>()
    for (let page = 0, offset = 0; page < mostPages; page++) {
      const answers = await this.#search('studies', { StudyDate: range, offset, limit: pageSize }, signal)
      if (answers.length === 0) return
      const before = seen.size
      for (const study of this.#studiesIn(answers)) {
        if (seen.has(study.studyInstanceUid)) continue
        seen.add(study.studyInstanceUid)
        yield study
      }
      // An archive that does not page gives the same page again: it was all, unless it was full.
      if (seen.size === before) {
        if (page === 0 || answers.length < pageSize) return
        throw new TwiinError('ARCHIVE_TOO_MANY', { answers: seen.size })
      }
      offset += answers.length
    }
    throw new TwiinError('ARCHIVE_TOO_MANY', { answers: seen.size })
  }

  async study(studyInstanceUid: string, signal: AbortSignal): Promise<ArchiveStudy | undefined> {
    const answers = await this.#search('studies', { StudyInstanceUID: studyInstanceUid, limit: 2 }, signal)
    return this.#studiesIn(answers).find((study) => study.studyInstanceUid === studyInstanceUid)
  }

  /** QIDO-RS need not return sequences: one instance tells whose number stands in Other Patient IDs (spec 18 §2). */
  async completed(study: ArchiveStudy, signal: AbortSignal): Promise<ArchiveStudy> {
    if (study.tellsOtherIds || study.patient.citizenNumbers.length > 0) return study
    const path = await this.#oneInstance(study, signal)
    const [metadata] = path === undefined ? [] : await this.#json(path, studyKeys, signal)
    if (metadata === undefined) return study
    const { citizenNumbers } = patientOfAnswer(metadata, this.#options)
    const bodyParts = study.bodyParts.length > 0 ? study.bodyParts : [valueOf(metadata, tag.bodyPart, 16)]
    return {
      ...study,
      bodyParts: bodyParts.filter((part) => part !== ''),
      patient: { ...study.patient, citizenNumbers },
      tellsOtherIds: true,
    }
  }

  /** Where the metadata of an instance is; of a study with few, of all: one question less. */
  async #oneInstance(
    { studyInstanceUid, instances }: ArchiveStudy,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    if (instances > 0 && instances <= few) return `studies/${studyInstanceUid}/metadata`
    const path = `studies/${studyInstanceUid}/instances`
    const [first = noAttributes] = await this.#search(path, { limit: 1 }, signal, instanceKeys)
    const series = valueOf(first, tag.seriesInstanceUid, 65)
    const instance = valueOf(first, tag.sopInstanceUid, 65)
    if (!isUid(series) || !isUid(instance)) return undefined
    return `studies/${studyInstanceUid}/series/${series}/instances/${instance}/metadata`
  }

  async series(studyInstanceUid: string, signal: AbortSignal): Promise<SeriesRecord[]> {
    const path = `studies/${studyInstanceUid}/series`
    const answers = await this.#search(path, { limit: 1000 }, signal, seriesKeys)
    return answers.map(archiveSeries).filter((series) => series !== undefined)
  }

  /** Whether it goes on is watched by who asked. */
  async fetch(studyInstanceUid: string, open: OpenInstance, signal: AbortSignal): Promise<void> {
    let part: Part | undefined
    try {
      const answer = await this.#get(`studies/${studyInstanceUid}`, files, signal)
      if (answer.body === null) throw new TwiinError('ARCHIVE_INVALID', { what: 'body' })
      const body = answer.body as unknown as AsyncIterable<Uint8Array>
      for await (const piece of multipart(body, boundaryOf(answer.headers.get('content-type')))) {
        if (piece.kind === 'begin') part = new Part(open)
        else if (piece.kind === 'bytes') await part?.write(piece.bytes)
        else await part?.end()
      }
    } catch (error) {
      await part?.abort(codeOf(error))
      signal.throwIfAborted()
      throw inOurWords(error)
    }
  }

  async #search(
    path: string,
    query: Record<string, string | number>,
    signal: AbortSignal,
    keys: readonly string[] = studyKeys,
  ): Promise<Attributes[]> {
    const search = new URLSearchParams(
      Object.entries(query).map(([key, value]): [string, string] => [key, String(value)]),
    )
    // Written out: Orthanc does not read an escaped comma as one.
    return this.#json(`${path}?${search.toString()}&includefield=${keys.join(',')}`, keys, signal)
  }

  async #json(path: string, keys: readonly string[], signal: AbortSignal): Promise<Attributes[]> {
    return this.#asked(signal, async (progress, watch) => {
      const answer = await this.#get(path, json, watch)
      if (answer.status === 204 || answer.body === null) return []
      const chunks: Uint8Array[] = []
      let bytes = 0
      for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
        progress()
        bytes += chunk.length
        if (bytes > mostPageBytes) throw new TwiinError('ARCHIVE_INVALID', { what: 'length', bytes })
        chunks.push(chunk)
      }
      if (bytes === 0) return []
      const answers: unknown = parse(Buffer.concat(chunks).toString('utf8'))
      if (!Array.isArray(answers)) throw new TwiinError('ARCHIVE_INVALID', { what: 'JSON' })
      return this.#understood(answers.slice(0, 10_000), (answer) => wantedOf(answer, keys))
    })
  }

  async #get(path: string, accept: string, signal: AbortSignal): Promise<Response> {
    const { url, authorization } = this.#options
    const headers = { accept, ...(authorization === undefined ? {} : { authorization }) }
    const answer = await fetch(`${url.replace(/\/$/, '')}/${path}`, { headers, signal, redirect: 'error' })
    if (answer.ok) return answer
    await answer.body?.cancel()
    const { status } = answer
    // PS3.18 §8.3.4.4: too large to be answered.
    if (status === 413) throw new TwiinError('ARCHIVE_TOO_MANY', { status })
    const busy = status === 429 || status === 503 || status === 502 || status === 504
    throw new TwiinError(busy ? 'ARCHIVE_BUSY' : status === 404 ? 'STUDY_UNKNOWN' : 'ARCHIVE_REFUSED', {
      status,
    })
  }

  /** Whatever the line does is told in our words, and nothing waits for ever. */
  async #asked<T>(
    signal: AbortSignal,
    work: (progress: () => void, watch: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const idle = new IdleTimer({ ms: this.#options.timeoutMs }, { clock: this.#clock })
    try {
      return await work(() => idle.progress(), AbortSignal.any([signal, idle.signal]))
    } catch (error) {
      signal.throwIfAborted()
      if (idle.signal.aborted) throw new TwiinError('ARCHIVE_TIMEOUT', {}, { cause: error })
      throw inOurWords(error)
    } finally {
      idle.stop()
    }
  }

  #studiesIn(answers: readonly Attributes[]): ArchiveStudy[] {
    return this.#understood(answers, (answer) => archiveStudy(answer, this.#options))
  }

  /** One that is not understood is left out. */
  #understood<Answer, T>(answers: readonly Answer[], read: (answer: Answer) => T): T[] {
    return answers.flatMap((answer) => {
      try {
        return [read(answer)]
      } catch (error) {
        this.#log.warn('answer of the archive not understood', { code: codeOf(error) })
        return []
      }
    })
  }
}

/** One part of a WADO-RS answer: a DICOM file, of which the data set goes on as it is. */
class Part {
  readonly #open: OpenInstance
  #head: Buffer = Buffer.alloc(0)
  #sink: StoreSink | undefined

  constructor(open: OpenInstance) {
    this.#open = open
  }

  async write(bytes: Buffer): Promise<void> {
    if (this.#sink !== undefined) return this.#sink.write(bytes)
    this.#head = Buffer.concat([this.#head, bytes])
    // The meta information may be longer than what came: it is read when it surely is all here.
    if (this.#head.length >= mostMetaBytes) await this.#begin()
  }

  async end(): Promise<void> {
    await this.#begin()
    const sink = this.#sink
    this.#sink = undefined
    const status = await sink?.finish()
    if (status !== undefined && !isStored(status)) throw new TwiinError('ARCHIVE_INVALID', { status })
  }

  async abort(reason: string): Promise<void> {
    await this.#sink?.abort(reason)
    this.#sink = undefined
  }

  async #begin(): Promise<void> {
    if (this.#sink !== undefined) return
    const { dataSetOffset, ...facts } = this.#meta()
    this.#sink = await this.#open(facts)
    await this.#sink.write(this.#head.subarray(dataSetOffset))
    this.#head = Buffer.alloc(0)
  }

  #meta() {
    try {
      return readPart10Meta(this.#head)
    } catch (cause) {
      throw new TwiinError('ARCHIVE_INVALID', { what: 'file meta information' }, { cause })
    }
  }
}

/** `fetch` wraps what happened to the line; its message may hold the URL. */
function inOurWords(error: unknown): unknown {
  const isOfTheLine = !isTwiinError(error) && error instanceof TypeError
  return isOfTheLine ? new TwiinError('ARCHIVE_UNREACHABLE', {}, { cause: error }) : error
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    // Its message quotes the text.
    throw new TwiinError('ARCHIVE_INVALID', { what: 'JSON', cause: codeOf(cause) })
  }
}
