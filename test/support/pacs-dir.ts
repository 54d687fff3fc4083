import { createHash } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Arrival } from '../../scripts/demo-network/demo-pacs.ts'
import { splitPart10 } from './part10.ts'
import type { Part10 } from './part10.ts'

export interface Archived extends Part10 {
  /** The whole file. */
  bytes: Buffer
  /** SHA-256 of the data set. */
  sha256: string
}

/** What a demo PACS has, by SOP Instance UID. */
export async function readPacs(dir: string): Promise<Map<string, Archived>> {
  const names = (await readdir(dir)).filter((name) => name.endsWith('.dcm'))
  const files = await Promise.all(names.map((name) => readFile(join(dir, name))))
  const archived = files.map((file) => {
    const parts = splitPart10(file)
    if (parts === undefined) throw new Error('the PACS has a file that is no DICOM')
    return { ...parts, bytes: file, sha256: createHash('sha256').update(parts.dataSet).digest('hex') }
  })
  return new Map(archived.map((instance) => [instance.sopInstanceUid, instance]))
}

/** Every instance the PACS ever acknowledged, in order, the second time of one included. */
export async function readArrivals(dir: string): Promise<Arrival[]> {
  const text = await readFile(join(dirname(dir), 'pacs.log'), 'utf8').catch(() => '')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Arrival)
}
