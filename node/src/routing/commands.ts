import { Readable } from 'node:stream'
import { json } from 'node:stream/consumers'
import type { Command } from 'commander'
import { loadSettings } from '../config/load-settings.ts'
import { callRunningNode } from '../http/call-running-node.ts'

interface TestOptions {
  config: string
  study: string
  at?: string
}

/** Rules from the command line (spec 17 §4): those in the file, also before the node was started with them. */
export function ruleCommands(program: Command, print: (value: object) => void): void {
  program
    .command('rules')
    .description('rules by which studies are sent')
    .command('test')
    .description('judge a study that is here by the rules in the file, as the node does; nothing is sent')
    .requiredOption('--config <file>', 'configuration file of the node; its rules are judged')
    .requiredOption('--study <uid>', 'Study Instance UID')
    .option('--at <moment>', 'as if it were then: 2026-01-10T23:30:00+01:00')
    .action((options: TestOptions) => test(options, print))
}

async function test({ config, study, at }: TestOptions, print: (value: object) => void): Promise<void> {
  const settings = loadSettings(config)
  const { rules, timeZone } = settings.routing
  const asked = { studyInstanceUid: study, rules, timeZone, ...(at === undefined ? {} : { at }) }
  const body = Readable.from([JSON.stringify(asked)])
  const answer = await callRunningNode(settings, '/api/v1/routing/tests', 'application/json', body)
  print((await json(answer)) as object)
}
