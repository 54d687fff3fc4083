import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { HeadReader } from '@twiin/dicom'
import { silentLogger } from '@twiin/runtime'
import { openSource, readDisc, sourceOf } from '../index.ts'
import type { DiscContents, MediaBytes, MediaLimits } from '../index.ts'

/** The disc of Debian's python3-pydicom: three patients, and DICOMDIRs broken in seven ways. */
export const pydicomDisc = '/usr/lib/python3/dist-packages/pydicom/data/test_files/dicomdirtests'
export const hasPydicom = existsSync(pydicomDisc)

/** A folder of its own, gone at the end. */
export class TemporaryFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'twiin-disc-'))

  write(name: string, bytes: Uint8Array | string): string {
    const path = join(this.path, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, bytes)
    return path
  }

  copy(from: string, name: string): string {
    const path = join(this.path, name)
    cpSync(from, path, { recursive: true })
    return path
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

function inMemory(bytes: Buffer): MediaBytes {
  return {
    length: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
    async *stream({ offset = 0, length = bytes.length - offset } = {}) {
      for (let at = offset; at < offset + length; at += 65_536)
        yield bytes.subarray(at, Math.min(at + 65_536, offset + length))
    },
  }
}

/** Idle threads keep no process alive. */
const heads = new HeadReader({ workers: 1 }, { log: silentLogger })

export async function readPath(path: string, limits: Partial<MediaLimits> = {}): Promise<DiscContents> {
  await using source = await openSource(path)
  return await readDisc(source, { limits }, { heads })
}

export async function readBytes(bytes: Buffer, limits: Partial<MediaLimits> = {}): Promise<DiscContents> {
  await using source = await sourceOf(inMemory(bytes))
  return await readDisc(source, { limits }, { heads })
}

export const codesOf = ({ problems }: DiscContents) => problems.map(({ code }) => code).sort()
export const countOf = ({ problems }: DiscContents, code: string) =>
  problems.find((problem) => problem.code === code)?.count ?? 0
