/** No source file over 400 lines, and no name that explains nothing. Part of `npm run check`. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

const limit = 400
const banned = /(^|\/)(utils?|helpers?|common|misc|shared|manager)(\.[cm]?[jt]sx?$|\/)/
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => /\.(ts|tsx|js|mjs|cjs|css|sh)$/.test(file) && existsSync(file))

const problems = files.flatMap((file) => {
  const lines = readFileSync(file, 'utf8').split('\n').length - 1
  return [
    ...(lines > limit ? [`${file}: ${lines} lines, the limit is ${limit}`] : []),
    ...(banned.test(file) ? [`${file}: the name does not say what it does`] : []),
  ]
})
problems.forEach((problem) => console.error(problem))
process.exit(problems.length === 0 ? 0 : 1)
