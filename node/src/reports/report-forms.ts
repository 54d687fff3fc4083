import {
  authorEncapsulatedPdf,
  derivedUid,
  encapsulatedPdf,
  readReportDocument,
  transferSyntax,
} from '@twiin/dicom'
import type { AuthoredInstance } from '@twiin/dicom'
import { isTwiinError } from '@twiin/runtime'
import type { InstanceRecord } from '@twiin/study-store'
import type { Holdings } from '../holdings/holdings.ts'
import { renderReport } from './render-report.ts'

/** What a PACS that cannot show structured reports is given (spec 20 §4). */
export type StructuredReportForm = 'as-is' | 'also-pdf' | 'pdf-only'

/** Basic Text, Enhanced, Comprehensive, Comprehensive 3D and Extensible SR; key objects and dose are no reading. */
const structuredReport = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.88\.(?:11|22|33|34|35)$/

interface Deps {
  studies: Pick<Holdings, 'readDataSet'>
}

/** In which form reports from elsewhere go to the PACS. */
export class ReportForms {
  readonly #form: StructuredReportForm
  readonly #deps: Deps
  /** PDF that is still to be made → the report it is made of. */
  readonly #sources = new WeakMap<InstanceRecord, InstanceRecord>()

  constructor(options: { structuredReport: StructuredReportForm }, deps: Deps) {
    this.#form = options.structuredReport
    this.#deps = deps
  }

  /** What is delivered of these instances. A report that cannot be read goes as it is: nothing is lost. */
  async of(instances: readonly InstanceRecord[]): Promise<readonly InstanceRecord[]> {
    if (this.#form === 'as-is') return instances
    const delivered: InstanceRecord[] = []
    for (const instance of instances) {
      const isReport = instance.origin.kind !== 'local' && structuredReport.test(instance.sopClassUid)
      const pdf = isReport && (await this.#isReadable(instance)) ? this.#pdfOf(instance) : undefined
      if (pdf === undefined || this.#form === 'also-pdf') delivered.push(instance)
      if (pdf !== undefined) delivered.push(pdf)
    }
    return delivered
  }

  async *read(instance: InstanceRecord): AsyncGenerator<Uint8Array> {
    const source = this.#sources.get(instance)
    if (source === undefined) {
      yield* this.#deps.studies.readDataSet(instance)
      return
    }
    const { file, dataSetOffset } = await this.#write(source, instance.sopInstanceUid)
    yield file.subarray(dataSetOffset)
  }

  #pdfOf(instance: InstanceRecord): InstanceRecord {
    const pdf = {
      ...instance,
      sopClassUid: encapsulatedPdf,
      sopInstanceUid: derivedUid('pdf of report', instance.sopInstanceUid),
      transferSyntaxUid: transferSyntax.explicitLittleEndian,
    }
    this.#sources.set(pdf, instance)
    return pdf
  }

  async #isReadable(instance: InstanceRecord): Promise<boolean> {
    try {
      await this.#document(instance)
      return true
    } catch (error) {
      if (isTwiinError(error, 'DICOM_UNREADABLE', 'REPORT_TOO_LARGE')) return false
      throw error
    }
  }

  #document(instance: InstanceRecord) {
    const { transferSyntaxUid, size } = instance
    const dataSet = this.#deps.studies.readDataSet(instance)
    return readReportDocument({ transferSyntaxUid, size, dataSet }, { isEncapsulated: false })
  }

  async #write(source: InstanceRecord, sopInstanceUid: string): Promise<AuthoredInstance> {
    const document = await this.#document(source)
    const { patient, study, studyInstanceUid, institution, status, date, time } = document
    return authorEncapsulatedPdf({
      ...{ patient, institution, status, sopInstanceUid, predecessors: [], source: document },
      study: { studyInstanceUid, ...study },
      seriesInstanceUid: derivedUid('pdf of series', source.seriesInstanceUid),
      ...{ seriesNumber: 9003, instanceNumber: source.instanceNumber ?? 1 },
      contentDate: date.replaceAll('-', '') || '19000101',
      contentTime: time.replaceAll(':', '') || '000000',
      title: `${document.title || 'Verslag'} (PDF)`,
      pdf: await renderReport(document),
    })
  }
}
