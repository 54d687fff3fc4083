/** Every protocol id the code speaks has a page in docs/spec; every link in README and docs resolves, and every test they name exists. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { dirname, join } from 'node:path'

const problems: string[] = []
const specs = readdirSync('docs/spec').filter((file) => file.endsWith('.md'))
const specText = specs.map((file) => readFileSync(join('docs/spec', file), 'utf8')).join('\n')

const idsFile = 'packages/protocol/src/protocol-ids.ts'
if (existsSync(idsFile)) {
  for (const [id] of readFileSync(idsFile, 'utf8').matchAll(/\/twiin\/[a-z0-9-]+\/\d+\.\d+\.\d+/g)) {
    if (!specText.includes(id)) problems.push(`${idsFile}: ${id} has no page in docs/spec`)
  }
}

const filesLike = (pattern: string) =>
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', pattern], {
    encoding: 'utf8',
  })
    .split('\n')
    .filter((file) => file !== '' && existsSync(file))
// Named from the root, or by the end of its path beside one that is.
const tests = filesLike('*.test.ts').map((file) => `/${file}`)
for (const page of filesLike('*.md')) {
  const text = readFileSync(page, 'utf8')
  for (const [, test = ''] of text.matchAll(/`([\w./-]+\.test\.ts)`/g))
    if (!tests.some((file) => file.endsWith(`/${test}`))) problems.push(`${page}: there is no test ${test}`)
  for (const [, link = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    const target = link.split('#')[0] ?? ''
    if (target === '' || /^[a-z]+:/.test(target)) continue
    if (!existsSync(join(dirname(page), target))) problems.push(`${page}: ${link} leads nowhere`)
  }
}
problems.forEach((problem) => console.error(problem))
process.exit(problems.length === 0 ? 0 : 1)
