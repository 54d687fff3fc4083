import { isoImage } from './iso-writer.ts'
import { planDisc } from './disc-plan.ts'
import type { DiscSource, PlannedFile } from './disc-plan.ts'
import { pagesFor } from './pages.ts'
import { zipArchive } from './zip-writer.ts'

export interface DiscOrder {
  format: 'zip' | 'iso'
  language: 'nl' | 'en'
  /** Names, for people. */
  from: string
  recipient: string
  /** For a zip only. */
  password?: string
  at: Date
  /** Of the DICOMDIR. */
  sopInstanceUid: string
}

export interface WrittenDisc {
  instances: number
  /** Records that lack a value the standard wants; none is invented. */
  incomplete: number
  /** Can be read once. Throws what reading an instance threw. */
  read(): AsyncGenerator<Uint8Array>
}

const fileSetId = 'TWIIN'

/**
 * An IHE PDI disc of these instances (spec 19 §5). Their heads are read before the first byte comes out, and they
 * themselves only while it is read. Throws `ISO_FILE_TOO_LARGE`, `DISC_TOO_LARGE`.
 */
export async function writeDisc(order: DiscOrder, sources: readonly DiscSource[]): Promise<WrittenDisc> {
  const { sopInstanceUid, at, password } = order
  const plan = await planDisc({ fileSetId, sopInstanceUid }, sources)
  const pages = pagesFor({ ...order, patients: plan.patients, encrypted: password !== undefined })
  const files: PlannedFile[] = [...pages, ...plan.files]
  const facts = { instances: sources.length, incomplete: plan.incomplete }
  if (order.format === 'iso') {
    const image = isoImage({ volumeId: fileSetId, at }, files)
    return { ...facts, read: () => image.read() }
  }
  return { ...facts, read: () => zipArchive({ at, ...(password === undefined ? {} : { password }) }, files) }
}
