import { codeOf } from '@twiin/runtime'
import { runCli } from './cli.ts'

runCli(process.argv).catch((error: unknown) => {
  process.stderr.write(`twiin-node: ${error instanceof Error ? error.message : codeOf(error)}\n`)
  process.exitCode = 1
})
