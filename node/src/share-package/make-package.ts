import { miniViewer, planDisc } from '@twiin/media'
import type { DiscSource, MiniViewerStudy } from '@twiin/media'
import type { Renderer } from '@twiin/pictures'
import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import { PackageWriter, newPackageSalt } from '@twiin/share-package'
import type { ManifestStudy } from '@twiin/share-package'
import type { InstanceRecord, StudyRecord } from '@twiin/study-store'
import { InstanceReader } from '../dicomweb/instance-reader.ts'
import type { Holdings } from '../holdings/holdings.ts'
import { orderSeries } from './order-series.ts'
import type { OrderedSeries } from './order-series.ts'
import type { BothWords, ChosenStudy, PackageOrder } from './package-order.ts'
import { plainWords, seriesWords, showsNobody } from './plain-words.ts'
import { renderPictures, shotsOf } from './render-pictures.ts'
import type { Shot } from './render-pictures.ts'
import { shownReport } from './share-reports.ts'
import type { LatestReport } from './share-reports.ts'

/** A study that is here, whole. */
export interface StudyAtHand {
  shown: ChosenStudy
  record: StudyRecord | undefined
  /** Without those that stay here. */
  instances: readonly InstanceRecord[]
  reports: readonly LatestReport[]
}

export interface PackageContent extends Pick<PackageOrder, 'downloads' | 'language'> {
  hospital: string
  patient: string
  studies: readonly StudyAtHand[]
}

interface Deps {
  studies: Holdings
  renderer: Pick<Renderer, 'renderSizes'>
  clock: Pick<Clock, 'now'>
  random: (bytes: number) => Uint8Array
}

export interface Written {
  bytes: number
  pictures: number
  /** Images of which no picture could be made. */
  lost: number
  reports: number
}

interface PlannedSeries {
  series: OrderedSeries
  shots: readonly Shot[]
}
/** What became of it, for the manifest and for the pages in the zip. */
interface ShownStudy {
  manifest: ManifestStudy
  page: MiniViewerStudy
}
interface ShownReport {
  manifest: ManifestStudy['reports'][number]
  page: MiniViewerStudy['reports'][number]
}
type ManifestPicture = ManifestStudy['series'][number]['pictures'][number]

const mebibyte = 1024 * 1024

/**
 * Writes one package, from front to back: pictures and reports, then what is only for the zip. One frame, one report and one
 * piece of a data set are in memory. Throws `NOTHING_TO_SHARE`, the signal's reason, and what reading and writing throw.
 */
export class MakePackage {
  readonly #content: PackageContent
  readonly #deps: Deps
  readonly #reader: InstanceReader
  readonly #writer: PackageWriter
  readonly #signal: AbortSignal
  readonly #onProgress: (done: number, total: number) => void
  #done = 0
  #total = 0
  #pictures = 0
  #lost = 0
  #reports = 0

  constructor(
    content: PackageContent,
    to: {
      key: Uint8Array
      put: (bytes: Uint8Array) => Promise<void>
      onProgress: (done: number, total: number) => void
      signal: AbortSignal
    },
    deps: Deps,
  ) {
    this.#content = content
    this.#deps = deps
    this.#reader = new InstanceReader({ holdings: deps.studies })
    const salt = newPackageSalt((bytes) => deps.random(bytes))
    this.#writer = new PackageWriter({ key: to.key, salt }, { write: to.put })
    this.#signal = to.signal
    this.#onProgress = to.onProgress
  }

  async write(): Promise<Written> {
    const { studies, hospital, patient, downloads, language } = this.#content
    const madeAt = new Date(this.#deps.clock.now()).toISOString()
    const planned: PlannedSeries[][] = []
    for (const study of studies) planned.push(await this.#plan(study))
    this.#tell(0)
    const shown: ShownStudy[] = []
    for (const [at, study] of studies.entries())
      shown.push(await this.#addStudy(study, planned[at] ?? [], `ST${padded(at + 1)}`))
    if (this.#pictures === 0 && this.#reports === 0) throw new TwiinError('NOTHING_TO_SHARE')
    if (downloads) {
      const viewer = miniViewer({
        ...{ hospital, language, patient, madeAt: madeAt.slice(0, 10), dicom: true },
        studies: shown.map(({ page }) => page),
      })
      for (const { place, bytes } of viewer)
        await this.#writer.add({ kind: 'page', name: place.join('/') }, [bytes])
      await this.#addDicom()
    }
    const { bytes } = await this.#writer.finish({
      ...{ hospital, madeAt, language, patient, downloads },
      studies: shown.map(({ manifest }) => manifest),
    })
    this.#tell(this.#total)
    return { bytes, pictures: this.#pictures, lost: this.#lost, reports: this.#reports }
  }

  /** Everything is counted before anything is done, so that progress means something. */
  async #plan({ record, instances, reports }: StudyAtHand): Promise<PlannedSeries[]> {
    const planned: PlannedSeries[] = []
    for (const series of await orderSeries(record, instances, this.#deps)) {
      this.#signal.throwIfAborted()
      if (showsNobody(series.modality)) continue
      const { shots, lost } = await shotsOf(series.instances, this.#pictureDeps)
      this.#lost += lost
      this.#total += shots.length
      if (shots.length > 0) planned.push({ series, shots })
    }
    this.#total += reports.length
    if (this.#content.downloads)
      this.#total += Math.ceil(instances.reduce((sum, { size }) => sum + size, 0) / mebibyte)
    return planned
  }

  async #addStudy(
    study: StudyAtHand,
    planned: readonly PlannedSeries[],
    folder: string,
  ): Promise<ShownStudy> {
    const { studyInstanceUid, date, words, hospital } = study.shown
    const made: { words: BothWords; pictures: ManifestPicture[]; places: string[] }[] = []
    for (const { series, shots } of planned) {
      const place = `PICTURES/${folder}/SE${padded(made.length + 1)}`
      const { pictures, places } = await this.#addPictures(shots, place)
      const own = plainWords({ modalities: [series.modality], about: series.about })
      // A series that tells no region is of what its study is of.
      const isVague =
        series.modality === '' || own.nl === plainWords({ modalities: [series.modality], about: [] }).nl
      if (pictures.length > 0) made.push({ words: isVague ? words : own, pictures, places })
    }
    const reports = await this.#addReports(study.reports, `REPORTS/${folder}`)
    const named = made.map((series, at) => {
      const alike = made.filter((other) => other.words.nl === series.words.nl)
      const number = made.slice(0, at + 1).filter((other) => other.words.nl === series.words.nl).length
      return { ...series, words: seriesWords(series.words, number, alike.length) }
    })
    return {
      manifest: {
        ...{ studyInstanceUid, date, words, hospital: short(hospital) },
        series: named.map(({ words: said, pictures }) => ({ words: said, pictures })),
        reports: reports.map(({ manifest }) => manifest),
      },
      page: {
        ...{ date, words, hospital },
        series: named.map(({ words: said, places }) => ({ words: said, pictures: places })),
        reports: reports.map(({ page }) => page),
      },
    }
  }

  async #addPictures(
    shots: readonly Shot[],
    folder: string,
  ): Promise<{ pictures: ManifestPicture[]; places: string[] }> {
    const pictures: ManifestPicture[] = []
    const places: string[] = []
    for await (const picture of renderPictures(shots, this.#signal, this.#pictureDeps)) {
      this.#tell(1)
      if (picture === undefined) {
        this.#lost++
        continue
      }
      const { small, large } = picture
      const name = `${folder}/IM${padded(pictures.length + 1)}.JPG`
      pictures.push({
        small: await this.#writer.add({ kind: 'picture' }, [small.bytes]),
        large: await this.#writer.add({ kind: 'picture', ...this.#named(name) }, [large.bytes]),
        ...{ width: large.width, height: large.height },
      })
      places.push(name)
    }
    this.#pictures += pictures.length
    return { pictures, places }
  }

  async #addReports(reports: readonly LatestReport[], folder: string): Promise<ShownReport[]> {
    const added: ShownReport[] = []
    for (const report of reports) {
      this.#signal.throwIfAborted()
      const shown = await shownReport(report, this.#deps)
      this.#tell(1)
      if (shown === undefined) continue
      const { text, pdf } = shown
      const name = `${folder}/RE${padded(added.length + 1)}.PDF`
      const title = short(report.title) || reportWord[this.#content.language]
      added.push({
        manifest: {
          ...{ title, date: report.date },
          text: text === '' ? 0 : await this.#writer.add({ kind: 'report-text' }, [Buffer.from(text)]),
          pdf: await this.#writer.add({ kind: 'report-pdf', ...this.#named(name) }, [pdf]),
        },
        page: { title, date: report.date, text, pdf: name },
      })
    }
    this.#reports += added.length
    return added
  }

  /** DICOMDIR and the instances, as on a disc (spec 19 §5.1): data sets byte for byte as they are kept. */
  async #addDicom(): Promise<void> {
    const { studies, random } = this.#deps
    const sources: DiscSource[] = []
    for (const { instances } of this.#content.studies)
      for (const instance of instances)
        sources.push({
          ...instance,
          read: (length) => {
            this.#signal.throwIfAborted()
            return studies.readDataSet(instance, length === undefined ? {} : { length })
          },
        })
    const sopInstanceUid = `2.25.${BigInt(`0x${Buffer.from(random(16)).toString('hex')}`)}`
    const { files } = await planDisc({ fileSetId: 'TWIIN', sopInstanceUid }, sources)
    for (const file of files)
      await this.#writer.add({ kind: 'dicom', name: file.place.join('/') }, this.#counted(file.read()))
  }

  async *#counted(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of bytes) {
      yield piece
      this.#tell(piece.length / mebibyte)
    }
  }

  #named(name: string): { name?: string } {
    return this.#content.downloads ? { name } : {}
  }

  #tell(more: number): void {
    this.#done = Math.min(this.#total, this.#done + more)
    this.#onProgress(Math.floor(this.#done), this.#total)
  }

  get #pictureDeps() {
    return { reader: this.#reader, renderer: this.#deps.renderer }
  }
}

const reportWord = { nl: 'Verslag', en: 'Report' } as const
const padded = (number: number) => String(number).padStart(6, '0')
/** As much as a manifest takes, and well formed. */
const short = (text: string) => text.slice(0, 500).toWellFormed()
