/**
 * Runs the checks and every vitest project, and adds up. The second half of `scripts/test`.
 *
 * Test files that start a network mostly wait for it: two run beside each other, and those that bind nobody to seconds in a
 * lane of their own beside them. Those that measure time or load run alone, afterwards: on two cores they would be late for
 * each other.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, relative } from 'node:path'

/** What measures how soon, how fast or how much, and what takes all cores itself. */
const alone = [
  'test/journeys/09-revocation.test.ts',
  'test/adversarial/mutations.test.ts',
  'test/adversarial/shares.test.ts',
  'test/faults/holders-down.test.ts',
  'test/ui/many-rows.test.ts',
  'test/ui/night-shift.test.ts',
  'test/ui/ohif.test.ts',
  'test/ui/viewer.test.ts',
]
/** Most of them start one program at a time, or others' programs; none says how soon something has to be there. */
const unhurried = [
  'test/faults/registry-crash-points.test.ts',
  'test/faults/crash-points.test.ts',
  'test/faults/full-disk.test.ts',
  'test/faults/pacs-down.test.ts',
  'test/adversarial/two-lists.test.ts',
  'test/interop',
  'test/journeys/10-two-weeks-alone.test.ts',
  'test/journeys/11-certificate-ran-out.test.ts',
  'test/journeys/13-orthanc-both-sides.test.ts',
]
const networks = ['journeys', 'faults', 'ui', 'interop', 'adversarial']
const root = join(import.meta.dirname, '..')
const bin = join(root, 'node_modules/.bin')
const env = { ...process.env, PATH: [dirname(process.execPath), bin, process.env['PATH']].join(delimiter) }
const results = mkdtempSync(join(tmpdir(), 'twiin-results-'))
const failures: string[] = []
const total = { passed: 0, failed: 0, skipped: 0 }

/** Whether it succeeded. */
async function run(
  command: string,
  args: readonly string[],
  more: Record<string, string> = {},
): Promise<boolean> {
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], env: { ...env, ...more } })
  const { promise, resolve } = Promise.withResolvers<boolean>()
  child.on('error', () => resolve(false))
  child.on('close', (code) => resolve(code === 0))
  return promise
}

interface Report {
  testResults: { name: string; assertionResults: { status: string; fullName: string }[] }[]
}

/** Where a long output is cut, its end still names them. */
function failuresIn(file: string): string[] {
  try {
    const { testResults } = JSON.parse(readFileSync(file, 'utf8')) as Report
    return testResults.flatMap(({ name, assertionResults }) =>
      assertionResults
        .filter(({ status }) => status === 'failed')
        .map(({ fullName }) => `${relative(root, name)}: ${fullName}`),
    )
  } catch {
    return []
  }
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

async function runTests(name: string, args: readonly string[], more?: Record<string, string>): Promise<void> {
  console.log(`— ${name}`)
  const began = performance.now()
  const file = join(results, `${name}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const succeeded = await run('vitest', ['run', ...args, ...reporters], more)
  const { passed, failed, skipped } = count(file)
  total.passed += passed
  const named = failuresIn(file)
  if (!succeeded && named.length === 0)
    named.push(`${name}: a file that does not load, or an error outside any test`)
  failures.push(...named)
  // A run can fail without a failed test: a file that does not load, an error outside any test.
  total.failed += succeeded ? failed : Math.max(1, failed)
  total.skipped += skipped
  console.log(`— ${name}: ${Math.round((performance.now() - began) / 1000)} s`)
}

console.log('— check')
if (await run('node', ['scripts/check.ts'])) total.passed++
else {
  total.failed++
  failures.push('npm run check')
}
await runTests('unit', ['--project', 'unit'])
const prepared = { TWIIN_PREPARED_DEMOS: join(results, 'demos') }
mkdirSync(prepared.TWIIN_PREPARED_DEMOS)
const projects = networks.flatMap((project) => ['--project', project])
const without = [...alone, ...unhurried].flatMap((file) => [
  '--exclude',
  file.endsWith('.ts') ? file : `${file}/**`,
])
await Promise.all([
  runTests('beside', [...projects, ...without, '--maxWorkers', '2'], {
    ...prepared,
    TWIIN_TEST_FILES_BESIDE: '2',
  }),
  runTests('unhurried', unhurried, prepared),
])
await runTests('alone', alone, prepared)
rmSync(results, { recursive: true, force: true })
for (const failure of failures) console.log(`failed: ${failure}`)
if (total.skipped > 0) console.log(`${total.skipped} skipped, for the reason in their names`)
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 ? 0 : 1
