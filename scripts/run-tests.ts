/** Runs the checks and every vitest project, one after another, and adds up. The second half of `scripts/test`. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

const projects = ['unit', 'journeys', 'interop', 'faults', 'adversarial', 'ui']
const bin = join(import.meta.dirname, '../node_modules/.bin')
const env = { ...process.env, PATH: [dirname(process.execPath), bin, process.env['PATH']].join(delimiter) }
const results = mkdtempSync(join(tmpdir(), 'twiin-results-'))
const total = { passed: 0, failed: 0, skipped: 0 }

function run(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'], env }).status === 0
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

console.log('— check')
total[run('node', ['scripts/check.ts']) ? 'passed' : 'failed']++
for (const project of projects) {
  console.log(`— ${project}`)
  const file = join(results, `${project}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const succeeded = run('vitest', ['run', '--project', project, '--passWithNoTests', ...reporters])
  const { passed, failed, skipped } = count(file)
  total.passed += passed
  // A run can fail without a failed test: a file that does not load, an error outside any test.
  total.failed += succeeded ? failed : Math.max(1, failed)
  total.skipped += skipped
}
rmSync(results, { recursive: true, force: true })
if (total.skipped > 0) console.log(`${total.skipped} skipped, for the reason in their names`)
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 ? 0 : 1
