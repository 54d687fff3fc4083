import type { NaturalDataSet } from '../dcmjs.ts'
import { drawCr, drawCt, drawMr, drawUs } from './pictures.ts'
import { uidFrom } from './random.ts'

/** What an image has besides patient, study and series. `index` counts from 0. */
export interface ImageRequest {
  size: number
  index: number
  count: number
  seed: string
  random: () => number
}

const frameMs = 40
const usFrames = 5

export function ctImage({ size, index, count, seed, random }: ImageRequest): NaturalDataSet {
  return {
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.2',
    Modality: 'CT',
    ImageType: ['ORIGINAL', 'PRIMARY', 'AXIAL'],
    SeriesDescription: 'Thorax 1.0 B30',
    BodyPartExamined: 'CHEST',
    KVP: 120,
    AcquisitionNumber: 1,
    ...slice({ index, spacing: 0.75, distance: 5, thickness: 5, size, seed }),
    ...greyscale({ size, bits: 16, signed: true, pixels: drawCt(size, (index + 0.5) / count, random) }),
    RescaleIntercept: 0,
    RescaleSlope: 1,
    RescaleType: 'HU',
    WindowCenter: 40,
    WindowWidth: 400,
  }
}

export function mrImage({ size, index, count, seed, random }: ImageRequest): NaturalDataSet {
  return {
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.4',
    Modality: 'MR',
    ImageType: ['ORIGINAL', 'PRIMARY', 'OTHER'],
    SeriesDescription: 'T1 SE transversaal',
    BodyPartExamined: 'BRAIN',
    ScanningSequence: 'SE',
    SequenceVariant: 'NONE',
    ScanOptions: '',
    MRAcquisitionType: '2D',
    RepetitionTime: 520,
    EchoTime: 12,
    EchoTrainLength: 1,
    MagneticFieldStrength: 1.5,
    FlipAngle: 90,
    ...slice({ index, spacing: 0.9, distance: 6, thickness: 5, size, seed }),
    ...greyscale({ size, bits: 12, signed: false, pixels: drawMr(size, (index + 0.5) / count, random) }),
    WindowCenter: 750,
    WindowWidth: 1500,
  }
}

export function crImage({ size, random }: ImageRequest): NaturalDataSet {
  return {
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.1',
    Modality: 'CR',
    ImageType: ['ORIGINAL', 'PRIMARY'],
    SeriesDescription: 'Thorax PA',
    BodyPartExamined: 'CHEST',
    ViewPosition: 'PA',
    KVP: 125,
    PatientOrientation: ['L', 'F'],
    ImagerPixelSpacing: [1.4, 1.4],
    ...greyscale({ size, bits: 12, signed: false, pixels: drawCr(size, random) }),
    WindowCenter: 1900,
    WindowWidth: 3400,
  }
}

export function usImage({ size, random }: ImageRequest): NaturalDataSet {
  const frames = Array.from({ length: usFrames }, (_, i) => drawUs(size, i / usFrames, random))
  return {
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.3.1',
    Modality: 'US',
    ImageType: ['ORIGINAL', 'PRIMARY'],
    SeriesDescription: 'Echocardiografie',
    BodyPartExamined: 'HEART',
    PatientOrientation: '',
    LossyImageCompression: '00',
    UltrasoundColorDataPresent: 1,
    NumberOfFrames: usFrames,
    FrameTime: frameMs,
    FrameIncrementPointer: 0x0018_1063,
    SamplesPerPixel: 3,
    PhotometricInterpretation: 'RGB',
    PlanarConfiguration: 0,
    ...pixelModule({ size, allocated: 8, stored: 8, signed: false }),
    PixelData: exactBuffer(Buffer.concat(frames)),
    _vrMap: { PixelData: 'OB' },
  }
}

/** Where an axial slice lies in the patient, in mm. */
function slice(of: {
  index: number
  spacing: number
  distance: number
  thickness: number
  size: number
  seed: string
}): NaturalDataSet {
  const corner = -((of.size - 1) * of.spacing) / 2
  return {
    PatientPosition: 'HFS',
    FrameOfReferenceUID: uidFrom(of.seed, 'frame of reference'),
    PositionReferenceIndicator: '',
    ImagePositionPatient: [corner, corner, -of.index * of.distance],
    ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
    PixelSpacing: [of.spacing, of.spacing],
    SliceThickness: of.thickness,
    SpacingBetweenSlices: of.distance,
    SliceLocation: -of.index * of.distance,
  }
}

function greyscale(of: {
  size: number
  bits: number
  signed: boolean
  pixels: Int16Array | Uint16Array
}): NaturalDataSet {
  return {
    SamplesPerPixel: 1,
    PhotometricInterpretation: 'MONOCHROME2',
    ...pixelModule({ size: of.size, allocated: 16, stored: of.bits, signed: of.signed }),
    PixelData: exactBuffer(of.pixels),
    _vrMap: { PixelData: 'OW' },
  }
}

function pixelModule(of: {
  size: number
  allocated: number
  stored: number
  signed: boolean
}): NaturalDataSet {
  return {
    Rows: of.size,
    Columns: of.size,
    BitsAllocated: of.allocated,
    BitsStored: of.stored,
    HighBit: of.stored - 1,
    PixelRepresentation: of.signed ? 1 : 0,
  }
}

/** dcmjs writes whole ArrayBuffers. */
export function exactBuffer(view: ArrayBufferView): ArrayBuffer {
  const copy = new Uint8Array(view.byteLength)
  copy.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength))
  return copy.buffer
}
