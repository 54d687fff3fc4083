/**
 * `npm run check`: everything that can be judged without running the product, in the order that fails fastest.
 * Run it before every commit; `scripts/test` runs it first.
 */
import { spawnSync } from 'node:child_process'
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
  ['format', 'prettier --check --log-level warn .'],
  ['types', 'tsc --noEmit'],
  ['types of the UI kit', 'tsc --noEmit -p packages/ui-kit'],
  ['types of the node UI', 'tsc --noEmit -p node/ui'],
  ['types of the registry UI', 'tsc --noEmit -p registry/ui'],
  ['lint', 'eslint --max-warnings 0 --cache --cache-location node_modules/.cache/eslint/ .'],
  [
    'dependency rules',
    'depcruise --config .dependency-cruiser.cjs --output-type err packages node/src node/ui/src registry/src registry/ui/src scripts test',
  ],
  ['dead code', 'knip --no-progress'],
  ['file sizes and names', 'node scripts/check-files.ts'],
  ['spec links', 'node scripts/check-spec-links.ts'],
]

const only = process.argv.slice(2)
let failed = 0
for (const [name, command] of steps) {
  if (only.length > 0 && !only.some((word) => name.includes(word))) continue
  const started = Date.now()
  const [program = '', ...args] = command.split(' ')
  const { status } = spawnSync(program, args, { stdio: 'inherit' })
  console.log(
    `${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`,
  )
  if (status !== 0) failed++
}
process.exit(failed === 0 ? 0 : 1)
