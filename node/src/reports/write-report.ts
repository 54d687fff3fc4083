import { authorEncapsulatedPdf, authorStructuredReport, derivedUid, encapsulatedPdf } from '@twiin/dicom'
import type { AuthoredInstance, DocumentContext, InstanceReference } from '@twiin/dicom'
import type { StudyRecord } from '@twiin/study-store'
import { fingerprint } from './read-oru.ts'
import type { OruReport } from './read-oru.ts'

/** One version of a report that is in the holdings. */
export interface Version extends InstanceReference {
  /** Of what it says. */
  fingerprint: string
}

interface Written {
  instance: AuthoredInstance
  version: Version
}

const basicText = '1.2.840.10008.5.1.4.1.1.88.11'

/**
 * The objects a message becomes: a structured report for its text, an encapsulated PDF for its document. Their numbers come
 * from what they say, so that telling it again gives the same bytes. `before`: the versions that are there, oldest first.
 */
export function writeReport(
  report: OruReport,
  study: StudyRecord,
  before: readonly Version[],
  options: { ura: string; institution: string },
): Written[] {
  const print = fingerprint(report)
  const written: Written[] = []
  const of = (sopClassUid: string, seriesNumber: number) => {
    const kind = sopClassUid === basicText ? 'text' : 'pdf'
    const earlier = before.filter((one) => one.sopClassUid === sopClassUid && one.fingerprint !== print)
    const { studyInstanceUid } = study
    const version = {
      ...{ studyInstanceUid, sopClassUid, fingerprint: print },
      seriesInstanceUid: derivedUid('report series', options.ura, studyInstanceUid, kind),
      sopInstanceUid: derivedUid('report', options.ura, studyInstanceUid, keyOf(report), kind, print),
    }
    const context: DocumentContext = {
      ...contextOf(study, report, options),
      ...{ seriesInstanceUid: version.seriesInstanceUid, sopInstanceUid: version.sopInstanceUid },
      ...{ seriesNumber, instanceNumber: earlier.length + 1 },
    }
    return { version, context, predecessors: earlier.slice(-1) }
  }
  if (report.sections.length > 0) {
    const { version, context, predecessors } = of(basicText, 9001)
    const { fillerOrderNumber, placerOrderNumber, status, sections, author } = report
    const instance = authorStructuredReport({
      ...{ ...context, status, sections, predecessors, fillerOrderNumber, placerOrderNumber },
      ...(author === '' ? {} : { author }),
    })
    written.push({ instance, version })
  }
  if (report.pdf !== undefined) {
    const { version, context, predecessors } = of(encapsulatedPdf, 9002)
    const { title, bytes } = report.pdf
    const instance = authorEncapsulatedPdf({
      ...context,
      status: report.status,
      title,
      pdf: bytes,
      predecessors,
    })
    written.push({ instance, version })
  }
  return written
}

/** Which report of its study it is: what comes with the same is another version of it. */
export const keyOf = ({ fillerOrderNumber, service }: OruReport) => fillerOrderNumber || service || 'report'

function contextOf(study: StudyRecord, report: OruReport, { institution }: { institution: string }) {
  const { patient } = study
  const [bsn, ...others] = patient.citizenNumbers
  const { studyInstanceUid, studyDate, studyTime, description, accessionNumber } = study
  return {
    institution,
    patient: {
      ...{ id: patient.localId, issuer: patient.issuer, name: patient.name },
      ...{ birthDate: patient.birthDate, sex: patient.sex },
      ...(bsn === undefined || others.length > 0 ? {} : { citizenNumber: bsn }),
    },
    study: { studyInstanceUid, date: studyDate, time: studyTime, description, accessionNumber },
    // Type 1 in both objects: the study's own day where the message has none, and else a day that is plainly none.
    contentDate: report.date || studyDate.replaceAll('-', '') || '19000101',
    contentTime: report.time || '000000',
  }
}
