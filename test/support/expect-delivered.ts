import { expect } from 'vitest'
import { differingElements, elementText } from './compare-data-sets.ts'
import { readArrivals, readPacs } from './pacs-dir.ts'
import { splitPart10 } from './part10.ts'

/**
 * Every instance is in the PACS, arrived there once, and is byte for byte what was stored but for what filing may
 * change (D9b). Resolves to the patient number and issuer they were filed under.
 */
export async function expectDelivered(
  pacsDir: string,
  stored: readonly { bytes: Buffer }[],
): Promise<{ patientId: string | undefined; issuer: string | undefined }> {
  const archive = await readPacs(pacsDir)
  const arrivals = await readArrivals(pacsDir)
  const filedUnder = stored.map(({ bytes }) => {
    const sent = splitPart10(bytes)
    if (sent === undefined) throw new Error('no DICOM was stored')
    const archived = archive.get(sent.sopInstanceUid)
    if (archived === undefined) throw new Error(`not in the PACS: ${sent.sopInstanceUid}`)
    expect(archived.transferSyntaxUid).toBe(sent.transferSyntaxUid)
    expect(differingElements(sent.dataSet, archived.dataSet, sent.transferSyntaxUid)).toEqual([])
    expect(arrivals.filter(({ sopInstanceUid }) => sopInstanceUid === sent.sopInstanceUid)).toHaveLength(1)
    const text = (tag: string) => elementText(archived.dataSet, tag, sent.transferSyntaxUid)
    return { patientId: text('00100020'), issuer: text('00100021') }
  })
  const [first] = filedUnder
  for (const filed of filedUnder) expect(filed).toEqual(first)
  return first ?? { patientId: undefined, issuer: undefined }
}
