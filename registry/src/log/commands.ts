import { access, readFile } from 'node:fs/promises'
import { codeOf, isTwiinError, systemClock } from '@twiin/runtime'
import { writeFileDurably } from '@twiin/store'
import type { Command } from 'commander'
import { print } from '../administration/command-line.ts'
import { readSettings } from '../config/read-settings.ts'
import { LogClient } from './log-client.ts'
import { logFiles } from './log-files.ts'
import { mirrorLog } from './mirror-log.ts'
import { monitorLog } from './monitor-log.ts'
import type { MonitoredEntry } from './monitor-log.ts'
import { verifyLedger } from './verify-ledger.ts'

/** Exit code when what was looked at does not hold; 1 is for what could not be looked at. */
const doesNotHold = 2
/** What says that a log or a ledger is not what it was. */
const verdicts = [
  ...['LEDGER_BROKEN', 'LEDGER_NOT_FOUNDED', 'CHECKPOINT_INVALID', 'CHECKPOINT_AHEAD'],
  ...['LOG_DIVERGED', 'LOG_SHRANK', 'LOG_ANSWER_INVALID'],
]

interface Json {
  json?: true
}
interface Remote extends Json {
  url: string
  ca?: string
}

/** `twiin-registry log …`. spec 11 §9 */
export function logCommands(log: Command): void {
  log
    .command('verify')
    .description('judge a ledger file or a mirror, without network')
    .option('--config <file>', 'settings of the registry whose ledger it is')
    .option('--ledger <file>', 'ledger or mirror')
    .option('--checkpoint <file>', 'that these lines lead to')
    .option('--since <file>', 'older checkpoint, that they begin with')
    .option('--json', 'answer as JSON')
    .action(verify)
  remote(log, 'monitor', 'what the log of a registry says of one clinic, verified')
    .requiredOption('--ura <number>')
    .option('--since <file>', 'checkpoint of the last look; the new one is written there')
    .action((flags: Parameters<typeof monitor>[0]) => judged(flags, () => monitor(flags)))
  remote(log, 'mirror', 'bring a verified copy of the log of a registry up to date')
    .requiredOption('--out <file>', 'the copy; also a backup of the ledger')
    .action((flags: Parameters<typeof mirror>[0]) => judged(flags, () => mirror(flags)))
}

function remote(log: Command, name: string, description: string): Command {
  return log
    .command(name)
    .description(description)
    .requiredOption('--url <url>', 'of the registry')
    .option('--ca <file>', 'PEM: what signed its HTTPS certificate')
    .option('--json', 'answer as JSON')
}

async function verify(
  flags: Json & { config?: string; ledger?: string; checkpoint?: string; since?: string },
): Promise<void> {
  const files = logFiles(flags.config === undefined ? '.' : (await readSettings(flags.config)).dataDir)
  const ownCheckpoint =
    flags.config !== undefined && (await exists(files.cosigned)) ? files.cosigned : undefined
  const checkpoint = flags.checkpoint ?? ownCheckpoint
  const verdict = await verifyLedger({
    ledger: flags.ledger ?? files.ledger,
    ...(checkpoint !== undefined && { checkpoint }),
    ...(flags.since !== undefined && { since: flags.since }),
  })
  print(flags, verdict)
  // A line of a newer version says nothing against the ledger: this program cannot look at it.
  if (!verdict.ok) process.exitCode = verdict.problem?.code === 'LEDGER_NEWER' ? 1 : doesNotHold
}

async function monitor(flags: Remote & { ura: string; since?: string }): Promise<void> {
  const { ura, since } = flags
  const earlier = since !== undefined && (await exists(since)) ? await readFile(since, 'utf8') : undefined
  const seen = await monitorLog(
    { ura, ...(earlier !== undefined && { since: earlier }) },
    { client: await clientOf(flags), now: systemClock.now() },
  )
  const { note, entries, ...rest } = seen
  if (flags.json) print(flags, { ura, ...rest, entries })
  else {
    for (const entry of entries) process.stdout.write(`${lineOf(entry, seen.known)}\n`)
    const { size, cosignedSize, cosigners, phase, logKey } = seen
    process.stderr.write(
      `${size} lines verified, of which ${cosignedSize} cosigned by ${cosigners.length} (${phase}), log key ${logKey}\n`,
    )
  }
  if (!seen.isCosigned) {
    process.stderr.write('LOG_NOT_COSIGNED: too few witnesses vouch for lines that are older than an hour\n')
    process.exitCode = doesNotHold
  } else if (since !== undefined) await writeFileDurably(since, Buffer.from(note), { mode: 0o644 })
}

async function mirror(flags: Remote & { out: string }): Promise<void> {
  print(flags, await mirrorLog({ out: flags.out }, { client: await clientOf(flags) }))
}

/** What does not hold is an answer too. */
async function judged(flags: Json, look: () => Promise<void>): Promise<void> {
  try {
    await look()
  } catch (error) {
    if (!isTwiinError(error, ...verdicts)) throw error
    print(flags, { ok: false, problem: { code: error.code, ...error.facts } })
    process.exitCode = doesNotHold
  }
}

async function clientOf({ url, ca }: Remote): Promise<LogClient> {
  return new LogClient({ url, ...(ca !== undefined && { ca: await readFile(ca, 'utf8') }) })
}

function lineOf({ index, act }: MonitoredEntry, known: number): string {
  const facts: Record<string, unknown> = { ...act, ...(act.act === 'approved' && act.application) }
  const about = [
    'organisation',
    'serial',
    'peerId',
    'reason',
    'passed',
    'upheld',
    'tokensPerDay',
    'by',
    'notAfter',
  ].flatMap((name) => (facts[name] === undefined ? [] : `${name}=${JSON.stringify(facts[name])}`))
  const at = new Date(act.at).toISOString()
  return [index >= known ? '*' : ' ', String(index).padStart(7), at, act.act.padEnd(11), ...about].join(' ')
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    (error: unknown) => {
      if (codeOf(error) === 'ENOENT') return false
      throw error
    },
  )
}
