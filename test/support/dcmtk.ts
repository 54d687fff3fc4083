import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const dcmtkInstalled = ['storescu', 'echoscu'].every((tool) => existsSync(`/usr/bin/${tool}`))
/** For the name of a test that is skipped. */
export const dcmtkMissing = dcmtkInstalled ? '' : ' (skipped: needs the Debian package dcmtk)'

export interface ToolResult {
  code: number
  output: string
}

interface Called {
  host: string
  port: number
  aeTitle: string
}

/** Sends files with DCMTK's storescu, in the transfer syntax they have. */
export async function storescu(
  to: Called,
  files: readonly Uint8Array[],
  options: readonly string[] = [],
): Promise<ToolResult> {
  const folder = await mkdtemp(join(tmpdir(), 'twiin-storescu-'))
  try {
    const names = files.map((_, index) => join(folder, `${String(index).padStart(4, '0')}.dcm`))
    await Promise.all(files.map((bytes, index) => writeFile(names[index] ?? '', bytes)))
    return await tool('storescu', [
      '-v',
      '-R',
      ...options,
      '-aec',
      to.aeTitle,
      to.host,
      String(to.port),
      ...names,
    ])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export function echoscu(to: Called, options: readonly string[] = []): Promise<ToolResult> {
  return tool('echoscu', ['-v', ...options, '-aec', to.aeTitle, to.host, String(to.port)])
}

function tool(name: string, args: readonly string[]): Promise<ToolResult> {
  // Without it Nagle costs 40 ms for every message.
  const env = { ...process.env, TCP_NODELAY: '1' }
  return new Promise((resolve) =>
    execFile(`/usr/bin/${name}`, args, { env, maxBuffer: 64 * 1024 ** 2 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr }),
    ),
  )
}
