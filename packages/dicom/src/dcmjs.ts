// @ts-expect-error dcmjs ships no types; this file is the only one that imports it
import * as untyped from 'dcmjs'

/** A data set by keyword, as dcmjs "naturalises" it: `{ PatientID: '1', ImageType: ['ORIGINAL', 'PRIMARY'] }`. */
export interface NaturalDataSet {
  [keyword: string]: NaturalValue | readonly NaturalValue[] | Readonly<Record<string, string>> | undefined
}
type NaturalValue = string | number | ArrayBuffer | NaturalDataSet

/** DICOM JSON model (PS3.18 annex F) with bytes in place of bulk data; the way to write private elements. */
export type DicomJson = Record<string, { vr: string; Value: (string | number | ArrayBuffer)[] }>

interface DictionaryEntry {
  /** `(0008,0020)` */
  tag: string
  vr: string
  name: string
}

interface Log {
  setLevel(level: 'silent'): void
  getLogger(name: string): Log
}

interface Dcmjs {
  log: Log
  data: {
    DicomDict: new (meta: object) => { dict: object; write(options?: object): ArrayBuffer }
    DicomMetaDictionary: {
      denaturalizeDataset(dataSet: NaturalDataSet): object
      dictionary: Record<string, DictionaryEntry | undefined>
      nameMap: Record<string, DictionaryEntry | undefined>
    }
  }
}

const dcmjs = untyped as unknown as Dcmjs

// Its warnings quote values, which are patient data (both loggers do).
dcmjs.log.setLevel('silent')
dcmjs.log.getLogger('validation.dcmjs').setLevel('silent')

/**
 * Writes a data set that we author ourselves: a Part 10 file in explicit VR little endian, its text in UTF-8.
 * Never for what we received: dcmjs rewrites character sets, sequences and private elements.
 */
export function writeAuthoredFile(dataSet: NaturalDataSet, privateElements: DicomJson = {}): Buffer {
  const { DicomDict, DicomMetaDictionary } = dcmjs.data
  const file = new DicomDict(
    DicomMetaDictionary.denaturalizeDataset({
      MediaStorageSOPClassUID: dataSet.SOPClassUID,
      MediaStorageSOPInstanceUID: dataSet.SOPInstanceUID,
      TransferSyntaxUID: '1.2.840.10008.1.2.1',
    }),
  )
  file.dict = { ...DicomMetaDictionary.denaturalizeDataset(dataSet), ...privateElements }
  return Buffer.from(file.write())
}

/** What PS3.6 says of an attribute; undefined for what it does not list, private ones among them. */
export function lookUpTag(tag: string): { vr: string; keyword: string } | undefined {
  const entry = dcmjs.data.DicomMetaDictionary.dictionary[`(${tag.slice(0, 4)},${tag.slice(4)})`]
  return entry === undefined ? undefined : { vr: entry.vr, keyword: entry.name }
}

/** The tag (`00080020`) of a keyword of PS3.6 (`StudyDate`). */
export function tagOfKeyword(keyword: string): string | undefined {
  const { nameMap } = dcmjs.data.DicomMetaDictionary
  const tag = Object.hasOwn(nameMap, keyword) ? nameMap[keyword]?.tag : undefined
  const hex = /^\(([0-9A-F]{4}),([0-9A-F]{4})\)$/i.exec(tag ?? '')
  return hex === null ? undefined : `${hex[1]}${hex[2]}`.toUpperCase()
}
