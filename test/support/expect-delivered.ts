import { expect } from 'vitest'
import { differingElements, elementText } from './compare-data-sets.ts'
import { readArrivals, readPacs } from './pacs-dir.ts'
import { splitPart10 } from './part10.ts'

/**
 * Every instance is in the PACS, arrived there once, and is byte for byte what was stored but for what filing may
 * change (spec 05 §6). After a kill `inDoubt` instances may have arrived twice, with the same bytes. Resolves to the patient
 * number and issuer they were filed under.
 */
export async function expectDelivered(
  pacsDir: string,
  stored: readonly { bytes: Buffer }[],
  { inDoubt = 0 }: { inDoubt?: number } = {},
): Promise<{ patientId: string | undefined; issuer: string | undefined }> {
  const archive = await readPacs(pacsDir)
  const arrivals = Map.groupBy(await readArrivals(pacsDir), ({ sopInstanceUid }) => sopInstanceUid)
  let twice = 0
  const filedUnder = stored.map(({ bytes }) => {
    const sent = splitPart10(bytes)
    if (sent === undefined) throw new Error('no DICOM was stored')
    const archived = archive.get(sent.sopInstanceUid)
    if (archived === undefined) throw new Error(`not in the PACS: ${sent.sopInstanceUid}`)
    expect(archived.transferSyntaxUid).toBe(sent.transferSyntaxUid)
    expect(differingElements(sent.dataSet, archived.dataSet, sent.transferSyntaxUid)).toEqual([])
    const times = arrivals.get(sent.sopInstanceUid) ?? []
    expect(new Set(times.map(({ sha256 }) => sha256))).toEqual(new Set([archived.sha256]))
    twice += times.length - 1
    const text = (tag: string) => elementText(archived.dataSet, tag, sent.transferSyntaxUid)
    return { patientId: text('00100020'), issuer: text('00100021') }
  })
  expect(twice).toBeLessThanOrEqual(inDoubt)
  const [first] = filedUnder
  for (const filed of filedUnder) expect(filed).toEqual(first)
  return first ?? { patientId: undefined, issuer: undefined }
}
