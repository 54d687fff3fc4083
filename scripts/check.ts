/**
 * `npm run check`: everything that can be judged without running the product, two steps at a time, the longest first.
 * Run it before every commit; `scripts/test` runs it first.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'

const pinned = (JSON.parse(readFileSync('package.json', 'utf8')) as { devDependencies: { node: string } })
  .devDependencies.node
if (process.version !== `v${pinned}`) {
  console.error(
    `check: runs on Node ${process.version}, the project pins ${pinned}. Start it as "npm run check".`,
  )
  process.exit(1)
}

const steps: [name: string, command: string][] = [
  ['lint', 'eslint --max-warnings 0 --cache --cache-location node_modules/.cache/eslint/ .'],
  ['format', 'prettier --check --log-level warn .'],
  ['types', 'tsc --noEmit'],
  ['types of the UI kit', 'tsc --noEmit -p packages/ui-kit'],
  ['types of the share pages', 'tsc --noEmit -p packages/share-pages'],
  ['types of the node UI', 'tsc --noEmit -p node/ui'],
  ['types of the registry UI', 'tsc --noEmit -p registry/ui'],
  [
    'dependency rules',
    'depcruise --config .dependency-cruiser.cjs --output-type err packages node/src node/ui/src registry/src registry/ui/src scripts test',
  ],
  ['dead code', 'knip --no-progress'],
  ['file sizes and names', 'node scripts/check-files.ts'],
  ['spec links', 'node scripts/check-spec-links.ts'],
  ['page of settings', 'node scripts/settings-page.ts --check'],
]

const only = process.argv.slice(2)
const waiting = steps.filter(([name]) => only.length === 0 || only.some((word) => name.includes(word)))
let failed = 0

/** What a step says is shown when it is over, so that two do not speak at once. */
async function run([name, command]: [name: string, command: string]): Promise<void> {
  const started = Date.now()
  const [program = '', ...args] = command.split(' ')
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const said: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => said.push(chunk))
  const [status] = (await once(child, 'close')) as [number | null]
  process.stdout.write(Buffer.concat(said))
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`)
  if (status !== 0) failed++
}

async function lane(): Promise<void> {
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) await run(step)
}

await Promise.all([lane(), lane()])
process.exit(failed === 0 ? 0 : 1)
