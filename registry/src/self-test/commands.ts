import { setTimeout as sleep } from 'node:timers/promises'
import { TwiinError } from '@twiin/runtime'
import type { Command } from 'commander'
import { RegistryClient } from '../administration/registry-client.ts'
import { readSettings } from '../config/read-settings.ts'
import type { Run } from './describe-run.ts'

interface Shared {
  config: string
  json?: true
}

/** `twiin-registry self-test …`, of the running registry. */
export function selfTestCommands(selfTest: Command): void {
  const command = (name: string, description: string) =>
    selfTest
      .command(name)
      .description(description)
      .option('--json', 'answer as JSON')
      .requiredOption('--config <file>', 'settings of the running registry')
  command('run', 'test a member and wait for the result; ends with 1 when it failed')
    .option('--ura <number>', 'of the member')
    .option('--peer <id>', 'peer ID of the member')
    .action(run)
  command('list', 'list tests, newest first').option('--peer <id>', 'of this member only').action(list)
  command('show <run>', 'one test').action(async (name: string, flags: Shared) =>
    print(flags, await (await clientOf(flags)).call<Run>('administrator', 'GET', `/self-tests/${name}`)),
  )
}

async function run(flags: Shared & { ura?: string; peer?: string }): Promise<void> {
  const client = await clientOf(flags)
  const peerId = flags.peer ?? (await peerOf(client, flags.ura))
  const ordered = await client.call<{ run: string }>('administrator', 'POST', '/self-tests', { peerId })
  let now: Run
  do {
    await sleep(300)
    now = await client.call<Run>('administrator', 'GET', `/self-tests/${ordered.run}`)
  } while (now.state === 'running')
  print(flags, now)
  if (now.state === 'failed') process.exitCode = 1
}

async function peerOf(client: RegistryClient, ura: string | undefined): Promise<string> {
  if (ura === undefined) throw new TwiinError('PEER_OR_URA_NEEDED')
  const certificates = await client.call<{ ura: string; peerId: string; status: string }[]>(
    'administrator',
    'GET',
    '/certificates',
  )
  const valid = certificates.find((certificate) => certificate.ura === ura && certificate.status === 'valid')
  if (valid === undefined) throw new TwiinError('NOT_FOUND', { ura })
  return valid.peerId
}

async function list(flags: Shared & { peer?: string }): Promise<void> {
  const query = flags.peer === undefined ? '' : `?peerId=${encodeURIComponent(flags.peer)}`
  const runs = await (await clientOf(flags)).call<Run[]>('administrator', 'GET', `/self-tests${query}`)
  if (flags.json) return void process.stdout.write(`${JSON.stringify(runs, null, 2)}\n`)
  for (const { run: name, ura, state, startedAt, name: organisation } of runs)
    process.stdout.write(`${name}  ${ura}  ${state.padEnd(7)}  ${startedAt}  ${organisation}\n`)
}

function print({ json }: Shared, run: Run): void {
  if (json) return void process.stdout.write(`${JSON.stringify(run, null, 2)}\n`)
  const { ura, name, state, reference, steps } = run
  const lines = steps.map(
    (step) =>
      `  ${step.name.padEnd(8)} ${step.result ?? 'running'}  ${step.ms ?? ''} ms  ${step.reason ?? ''}`,
  )
  process.stdout.write(`${run.run}  ${ura} ${name}: ${state}, with ${reference.name}\n${lines.join('\n')}\n`)
}

async function clientOf({ config }: Shared): Promise<RegistryClient> {
  return RegistryClient.of(await readSettings(config))
}
