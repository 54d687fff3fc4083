/** Every protocol id the code speaks has a page in docs/spec, and every link in README and docs resolves. */
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

const pages = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  encoding: 'utf8',
})
for (const page of pages.split('\n').filter((file) => file !== '' && existsSync(file))) {
  for (const [, link = ''] of readFileSync(page, 'utf8').matchAll(/\]\(([^)\s]+)\)/g)) {
    const target = link.split('#')[0] ?? ''
    if (target === '' || /^[a-z]+:/.test(target)) continue
    if (!existsSync(join(dirname(page), target))) problems.push(`${page}: ${link} leads nowhere`)
  }
}
problems.forEach((problem) => console.error(problem))
process.exit(problems.length === 0 ? 0 : 1)
