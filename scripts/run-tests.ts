/**
 * Runs the checks and every vitest project, and adds up. The second half of `scripts/test`.
 *
 * Checks and unit tests keep both cores of a small machine busy by themselves, so they run alone. The others mostly wait, for
 * processes to start and for each other, so two of them run beside each other; what each printed is shown when it ends.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

/** The longest first, so that both lanes end at about the same time. */
const beside = ['journeys', 'faults', 'ui', 'interop', 'adversarial']
const bin = join(import.meta.dirname, '../node_modules/.bin')
const env = { ...process.env, PATH: [dirname(process.execPath), bin, process.env['PATH']].join(delimiter) }
const results = mkdtempSync(join(tmpdir(), 'twiin-results-'))
const total = { passed: 0, failed: 0, skipped: 0 }

/** Whether it succeeded, and what it printed unless that was shown as it came. */
async function run(
  command: string,
  args: readonly string[],
  show: 'as it comes' | 'at the end',
): Promise<{ succeeded: boolean; printed: Buffer }> {
  const output = show === 'as it comes' ? 'inherit' : 'pipe'
  const child = spawn(command, args, { stdio: ['ignore', output, output], env })
  const chunks: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => chunks.push(chunk))
  const { promise, resolve } = Promise.withResolvers<boolean>()
  child.on('error', () => resolve(false))
  child.on('close', (code) => resolve(code === 0))
  return { succeeded: await promise, printed: Buffer.concat(chunks) }
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

async function runProject(project: string, show: 'as it comes' | 'at the end'): Promise<void> {
  if (show === 'as it comes') console.log(`— ${project}`)
  else console.log(`— ${project} begins; what it prints follows when it ends`)
  const file = join(results, `${project}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const args = ['run', '--project', project, '--passWithNoTests', ...reporters]
  const { succeeded, printed } = await run('vitest', args, show)
  if (show === 'at the end') process.stdout.write(Buffer.concat([Buffer.from(`— ${project}\n`), printed]))
  const { passed, failed, skipped } = count(file)
  total.passed += passed
  // A run can fail without a failed test: a file that does not load, an error outside any test.
  total.failed += succeeded ? failed : Math.max(1, failed)
  total.skipped += skipped
}

console.log('— check')
const checks = await run('node', ['scripts/check.ts'], 'as it comes')
total[checks.succeeded ? 'passed' : 'failed']++
await runProject('unit', 'as it comes')
const lane = async () => {
  for (let next = beside.shift(); next !== undefined; next = beside.shift())
    await runProject(next, 'at the end')
}
await Promise.all([lane(), lane()])
rmSync(results, { recursive: true, force: true })
if (total.skipped > 0) console.log(`${total.skipped} skipped, for the reason in their names`)
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 ? 0 : 1
