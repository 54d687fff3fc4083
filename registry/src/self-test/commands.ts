import { setTimeout as sleep } from 'node:timers/promises'
import { TwiinError } from '@twiin/runtime'
import type { Command } from 'commander'
import { clientOf, commandOn, printList } from '../administration/command-line.ts'
import type { Shared } from '../administration/command-line.ts'
import type { RegistryClient } from '../administration/registry-client.ts'
import type { Run } from './describe-run.ts'

/** `twiin-registry self-test run`, `list` and `show`. */
export function selfTestCommands(selfTest: Command): void {
  commandOn(selfTest, 'run', 'test a member and wait for the result; exit code 1 when it failed')
    .option('--ura <number>', 'of the member')
    .option('--peer <id>', 'peer ID of the member')
    .action(run)
  commandOn(selfTest, 'list', 'list tests, newest first')
    .option('--peer <id>', 'of this member only')
    .action(list)
  commandOn(selfTest, 'show', 'one test, step by step')
    .argument('<run>')
    .action(async (name: string, flags: Shared) =>
      show(flags, await (await clientOf(flags)).call<Run>('administrator', 'GET', `/self-tests/${name}`)),
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
  show(flags, now)
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
  printList(flags, runs, ({ run: name, ura, state, startedAt, name: organisation }) => [
    ...[name, ura, state.padEnd(7), startedAt, organisation],
  ])
}

function show({ json }: Shared, run: Run): void {
  const { ura, name, state, reference, steps } = run
  if (json) return void process.stdout.write(`${JSON.stringify(run, null, 2)}\n`)
  process.stdout.write(`${run.run}  ${ura}  ${name}: ${state}, with ${reference.name}\n`)
  printList({}, steps, (step) => [
    ...[`  ${step.name.padEnd(8)}`, step.result ?? 'running', `${step.ms ?? 0} ms`, step.reason ?? ''],
  ])
}
