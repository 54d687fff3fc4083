/** Reading DICOM JSON (PS3.18 annex F) that a stranger may have written: nothing is what it says until it was looked at. */

export interface Attribute {
  vr?: string
  Value?: unknown
  BulkDataURI?: string
}
export type DataSet = Readonly<Record<string, Attribute | undefined>>

const values = (dataSet: DataSet, tag: string): readonly unknown[] => {
  const value = dataSet[tag]?.Value
  return Array.isArray(value) ? value : []
}

/** The first value as text; a name by its alphabetic group; empty when there is none. */
export function text(dataSet: DataSet, tag: string): string {
  const [first] = values(dataSet, tag)
  if (typeof first === 'string') return first
  if (typeof first === 'number') return String(first)
  const name: unknown = typeof first === 'object' && first !== null ? Reflect.get(first, 'Alphabetic') : ''
  return typeof name === 'string' ? name : ''
}

/** Every value as a number; empty when one of them is none. */
export function numbers(dataSet: DataSet, tag: string): number[] {
  const found = values(dataSet, tag).map((value) =>
    typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN,
  )
  return found.every(Number.isFinite) ? found : []
}

export const number = (dataSet: DataSet, tag: string): number | undefined => numbers(dataSet, tag)[0]

/** Items of a sequence. */
export function items(dataSet: DataSet, tag: string): DataSet[] {
  return values(dataSet, tag).filter((item): item is DataSet => typeof item === 'object' && item !== null)
}
