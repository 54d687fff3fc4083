/**
 * Runs the checks and every vitest project, and adds up. The second half of `scripts/test`.
 *
 * One project after another: most measure how soon something happens, and two at a time on two cores are late for each other.
 * With more cores TWIIN_TEST_LANES=2 runs two beside each other, all but the unit tests; each line says whose it is.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'

const lanes = Number(process.env['TWIIN_TEST_LANES'] ?? 1)
/** The longest first, so that lanes end at about the same time. */
const beside = ['journeys', 'faults', 'ui', 'interop', 'adversarial']
const bin = join(import.meta.dirname, '../node_modules/.bin')
const env = { ...process.env, PATH: [dirname(process.execPath), bin, process.env['PATH']].join(delimiter) }
const results = mkdtempSync(join(tmpdir(), 'twiin-results-'))
const total = { passed: 0, failed: 0, skipped: 0 }

/** Whether it succeeded. What it prints is shown as it comes, with the name in front of each line when one is given. */
async function run(command: string, args: readonly string[], name?: string): Promise<boolean> {
  const output = name === undefined ? 'inherit' : 'pipe'
  const child = spawn(command, args, { stdio: ['ignore', output, output], env })
  for (const input of [child.stdout, child.stderr]) {
    if (input !== null) createInterface({ input }).on('line', (line) => console.log(`${name} │ ${line}`))
  }
  const { promise, resolve } = Promise.withResolvers<boolean>()
  child.on('error', () => resolve(false))
  child.on('close', (code) => resolve(code === 0))
  return promise
}

function count(file: string): { passed: number; failed: number; skipped: number } {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>
    const { numPassedTests: passed = 0, numFailedTests: failed = 0, numPendingTests: skipped = 0 } = report
    return { passed, failed, skipped }
  } catch {
    return { passed: 0, failed: 0, skipped: 0 }
  }
}

async function runProject(project: string, name?: string): Promise<void> {
  console.log(`— ${project}`)
  const file = join(results, `${project}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const succeeded = await run(
    'vitest',
    ['run', '--project', project, '--passWithNoTests', ...reporters],
    name,
  )
  const { passed, failed, skipped } = count(file)
  total.passed += passed
  // A run can fail without a failed test: a file that does not load, an error outside any test.
  total.failed += succeeded ? failed : Math.max(1, failed)
  total.skipped += skipped
}

async function lane(): Promise<void> {
  for (let next = beside.shift(); next !== undefined; next = beside.shift()) await runProject(next, next)
}

console.log('— check')
total[(await run('node', ['scripts/check.ts'])) ? 'passed' : 'failed']++
await runProject('unit')
await Promise.all(Array.from({ length: lanes }, lane))
rmSync(results, { recursive: true, force: true })
if (total.skipped > 0) console.log(`${total.skipped} skipped, for the reason in their names`)
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 ? 0 : 1
