/**
 * Fetches the OHIF viewer (MIT) as its makers publish it to npm, once, into node_modules/.cache. It is no dependency: only
 * one test and `scripts/demo --with-ohif` use it.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'

const version = '3.13.2'
const digest = 'WZdxmpmG7rqFgW9ZJLcbgr3XCtLi1KDNPoMaeY5PPe6j4G4fjEjjkycZM6C6Zk2F87BKxFfpq+jd5xXZB9E8EA=='
const cache = join(import.meta.dirname, '../node_modules/.cache/ohif')
const run = promisify(execFile)

/** Folder of the built viewer. */
export async function prepareOhif(): Promise<string> {
  const folder = join(cache, version)
  const built = join(folder, 'package/dist')
  if (existsSync(built)) return built
  await mkdir(cache, { recursive: true })
  const work = await mkdtemp(join(cache, 'fetching-'))
  try {
    await run('npm', ['pack', '--silent', `@ohif/app@${version}`, '--pack-destination', work], {
      timeout: 300_000,
    })
    const file = join(work, `ohif-app-${version}.tgz`)
    const hash = createHash('sha512')
    await pipeline(createReadStream(file), hash)
    if (hash.digest('base64') !== digest) throw new Error('@ohif/app is not the one that was tried')
    await run('tar', ['-xzf', file, '-C', work, '--exclude=*.map', 'package/dist'], { timeout: 300_000 })
    await rm(file)
    // Whole or not at all; who comes second leaves the first one's.
    await rename(work, folder).catch((error: unknown) => {
      if (!existsSync(built)) throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return built
}
