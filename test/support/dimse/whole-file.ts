import { splitPart10 } from '../part10.ts'
import type { Part10 } from '../part10.ts'

export interface WholeFile extends Part10 {
  file: Buffer
}

/** Those that are DICOM files. */
export function wholeFiles(files: readonly Buffer[]): WholeFile[] {
  return files.flatMap((file) => {
    const parts = splitPart10(file)
    return parts === undefined ? [] : [{ ...parts, file }]
  })
}
