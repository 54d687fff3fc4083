/**
 * An Orthanc as the PACS of a hospital in the demo; it ends when this process does, however that ends.
 *
 * demo-orthanc.ts OPTIONS-AS-JSON
 */
import { once } from 'node:events'
import { spawnOrthanc } from './orthanc.ts'
import type { OrthancOptions } from './orthanc.ts'

const orthanc = await spawnOrthanc(JSON.parse(process.argv[2] ?? '') as OrthancOptions, 'inherit')
const gone = once(orthanc, 'exit')
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => orthanc.kill('SIGTERM'))
// A process that was killed cannot pass that on: it holds on to nothing, so Orthanc is killed with it.
process.once('exit', () => orthanc.kill('SIGKILL'))
const [code] = (await gone) as [number | null]
process.exit(code ?? 0)
