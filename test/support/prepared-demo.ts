/**
 * Networks that stand already. To found one (ceremony, enrolment, self-tests, sample data) costs far more than to start it
 * again; so `scripts/run-tests.ts` names a folder, each kind is founded there once, and whoever needs one starts a copy.
 * Without that folder, and for what only one file needs, each begins from nothing.
 */
import { cp, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { until } from './node-api.ts'

const folder = process.env['TWIIN_PREPARED_DEMOS']
/** Hospitals, and whether they are empty: what several test files start. */
const shared = new Set(['1-empty', '2', '2-empty', '3', '3-empty'])

/** Fills the empty folder `dir` with a network of this kind, which `found` founds, and stops, in the folder it is given. */
export async function copyPrepared(
  dir: string,
  kind: string,
  found: (dir: string) => Promise<void>,
): Promise<void> {
  if (folder === undefined || !shared.has(kind)) return
  const prepared = join(folder, kind)
  const founding = `${prepared}-founding`
  const isThere = async () => (await stat(prepared).catch(() => undefined)) !== undefined
  if (!(await isThere())) {
    const isFirst = await mkdir(founding).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error
        return false
      },
    )
    if (isFirst) {
      await found(founding).catch(async (error: unknown) => {
        await rm(founding, { recursive: true, force: true })
        throw error
      })
      await rename(founding, prepared)
    }
    await until(isThere, { timeoutMs: 240_000, what: `a network of ${kind} is founded` })
  }
  await cp(prepared, dir, { recursive: true, preserveTimestamps: true })
  const state = join(dir, 'demo.json')
  const kept = JSON.parse(await readFile(state, 'utf8')) as Record<string, unknown>
  await writeFile(state, JSON.stringify({ ...kept, firstPort: undefined }), { mode: 0o600 })
}
