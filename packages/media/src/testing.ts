/** Zips byte by byte, also ones that no writer makes. */
export { rawZip } from './testing/raw-zip.ts'
export type { RawEntry } from './testing/raw-zip.ts'
