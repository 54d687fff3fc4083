import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const root = '/usr/lib/python3/dist-packages/pydicom/data'

/** The files of Debian's python3-pydicom, good and bad; none where the package is not installed. */
export function pydicomFiles(folder: 'test_files' | 'charset_files'): { name: string; bytes: Buffer }[] {
  const directory = join(root, folder)
  try {
    const names = readdirSync(directory).filter((name) => name.endsWith('.dcm'))
    return names.sort().map((name) => ({ name, bytes: readFileSync(join(directory, name)) }))
  } catch {
    return []
  }
}
