import { codeOf, isTwiinError } from '@twiin/runtime'
import { runCli } from './cli.ts'

runCli(process.argv).catch((error: unknown) => {
  const shown = isTwiinError(error) || error instanceof Error ? error.message : codeOf(error)
  process.stderr.write(`twiin-registry: ${shown}\n`)
  process.exitCode = 1
  // Whatever still holds the process open gets five seconds.
  setTimeout(() => process.exit(1), 5_000).unref()
})
