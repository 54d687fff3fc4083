import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeAttributes, readPart10Meta } from '@twiin/dicom'
import type { Attributes } from '@twiin/dicom'

const tools = ['findscu', 'movescu', 'getscu'] as const
export const dcmtkMissing = tools.every((tool) => existsSync(`/usr/bin/${tool}`))
  ? ''
  : ' (skipped: needs the Debian package dcmtk)'

interface Asked {
  port: number
  callingAe: string
  /** `QueryRetrieveLevel=STUDY`, `(0010,0020)=…` */
  keys: readonly string[]
  model?: '-S' | '-P'
  options?: readonly string[]
  /** Sees the process as it starts. */
  onStart?: (child: ChildProcess) => void
}

interface Told {
  output: string
  /** What the tool wrote: the answers of a find, the objects of a get. */
  files: Buffer[]
}

/** DCMTK's findscu, movescu and getscu, as anybody runs them. */
export async function dcmtkQuery(tool: (typeof tools)[number], asked: Asked): Promise<Told> {
  const folder = await mkdtemp(join(tmpdir(), `twiin-${tool}-`))
  const { port, callingAe, keys, model = '-S', options = [], onStart } = asked
  const where = tool === 'findscu' ? ['-X', '-od', folder] : tool === 'getscu' ? ['-od', folder] : []
  const args = [
    // What getscu says of each object would fill pages.
    ...[tool === 'getscu' ? '-v' : '-d', model, '-aet', callingAe, '-aec', 'TWIIN', ...where, ...options],
    ...keys.flatMap((key) => ['-k', key]),
    ...['127.0.0.1', String(port)],
  ]
  try {
    const child = spawn(`/usr/bin/${tool}`, args, { env: { ...process.env, TCP_NODELAY: '1' } })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('latin1')))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString('latin1')))
    onStart?.(child)
    await new Promise((resolve) => child.once('close', resolve))
    const names = (await readdir(folder)).sort()
    return { output, files: await Promise.all(names.map((name) => readFile(join(folder, name)))) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The attributes of a file that DCMTK wrote. */
export async function attributesOf(file: Buffer): Promise<Attributes> {
  const { dataSetOffset, transferSyntaxUid } = readPart10Meta(file)
  return decodeAttributes(file.subarray(dataSetOffset), transferSyntaxUid, {
    ...{ maxBytes: 1 << 24, maxElements: 10_000, keepBytes: 1024, untilPixelData: true },
  })
}
