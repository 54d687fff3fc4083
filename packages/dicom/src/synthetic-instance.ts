import { citizenNumberIssuer } from './citizen-number.ts'
import { writeAuthoredFile } from './dcmjs.ts'
import { part10Header, readPart10Meta } from './part10.ts'
import type { Part10Meta } from './part10.ts'
import { transferSyntax } from './transfer-syntax.ts'

export interface SyntheticInstanceOptions {
  /** A citizen number that is nobody's (spec 12 §2). */
  citizenNumber: string
  studyInstanceUid: string
  seriesInstanceUid: string
  sopInstanceUid: string
}

export interface SyntheticInstance extends Part10Meta {
  /** A DICOM file (PS3.10), and where its data set begins. */
  file: Buffer
  dataSetOffset: number
}

/** PS3.4 annex B.5: Secondary Capture Image Storage. */
const secondaryCapture = '1.2.840.10008.5.1.4.1.1.7'
const side = 16

/**
 * The smallest image that is valid (PS3.3 §A.8.1): a secondary capture of 16 × 16 grey pixels, of nobody. The same
 * options give the same bytes. For a test between nodes; it says of itself, in every name, that it is synthetic.
 */
export function syntheticInstance(options: SyntheticInstanceOptions): SyntheticInstance {
  const { citizenNumber, studyInstanceUid, seriesInstanceUid, sopInstanceUid } = options
  const authored = writeAuthoredFile({
    SpecificCharacterSet: 'ISO_IR 192',
    SOPClassUID: secondaryCapture,
    SOPInstanceUID: sopInstanceUid,
    StudyInstanceUID: studyInstanceUid,
    SeriesInstanceUID: seriesInstanceUid,
    PatientName: 'Zelftest^Synthetisch',
    PatientID: 'ZELFTEST',
    PatientBirthDate: '',
    PatientSex: '',
    OtherPatientIDsSequence: [
      { PatientID: citizenNumber, IssuerOfPatientID: citizenNumberIssuer.name, TypeOfPatientID: 'TEXT' },
    ],
    // No clock: dates may be empty (type 2).
    StudyDate: '',
    StudyTime: '',
    StudyID: '',
    StudyDescription: 'Zelftest (synthetisch)',
    AccessionNumber: '',
    ReferringPhysicianName: '',
    Modality: 'OT',
    ConversionType: 'SYN',
    Laterality: '',
    SeriesNumber: 1,
    InstanceNumber: 1,
    PatientOrientation: '',
    SamplesPerPixel: 1,
    PhotometricInterpretation: 'MONOCHROME2',
    Rows: side,
    Columns: side,
    BitsAllocated: 8,
    BitsStored: 8,
    HighBit: 7,
    PixelRepresentation: 0,
    PixelData: Uint8Array.from({ length: side * side }, (_, at) => at).buffer,
    _vrMap: { PixelData: 'OB' },
  })
  const meta = {
    sopClassUid: secondaryCapture,
    sopInstanceUid,
    transferSyntaxUid: transferSyntax.explicitLittleEndian,
  }
  const header = part10Header(meta)
  const dataSet = authored.subarray(readPart10Meta(authored).dataSetOffset)
  return { ...meta, file: Buffer.concat([header, dataSet]), dataSetOffset: header.length }
}
