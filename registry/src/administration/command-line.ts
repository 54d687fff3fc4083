import { Option } from 'commander'
import type { Command } from 'commander'
import { isTwiinError } from '@twiin/runtime'
import { readSettings } from '../config/read-settings.ts'
import { RegistryClient } from './registry-client.ts'
import type { TokenHolder } from './registry-client.ts'

/** What the commands that act on a running registry have in common. */
export interface Shared {
  config: string
  json?: true
}

export function commandOn(
  parent: Command,
  name: string,
  description: string,
  options: { isDefault?: boolean } = {},
): Command {
  return parent
    .command(name, options)
    .description(description)
    .option('--json', 'answer as JSON')
    .requiredOption('--config <file>', 'settings of the running registry')
}

/** One named person, or both of them one after the other, whose tokens are both at hand on this machine. */
export interface Who {
  as?: TokenHolder
}

export function asOneOrBoth(command: Command): Command {
  return command.addOption(
    new Option('--as <person>', 'as this one of the two people; without it as both').choices([
      'administrator',
      'approver',
    ]),
  )
}

/** Whoever acts alone has to be named. */
export function asOne(command: Command): Command {
  return command.addOption(
    new Option('--as <person>', 'as this one of the two people')
      .choices(['administrator', 'approver'])
      .makeOptionMandatory(),
  )
}

export async function clientOf({ config }: Shared): Promise<RegistryClient> {
  return RegistryClient.of(await readSettings(config))
}

/**
 * Says it as one person; or as both, so that it happens. When one of them has asked before, that stands and the other's
 * word completes it.
 */
export async function say<T extends { state: string }>(
  { as }: Who,
  call: (as: TokenHolder) => Promise<T>,
): Promise<T> {
  if (as !== undefined) return call(as)
  const first = await call('administrator').catch((error: unknown) => {
    if (isTwiinError(error, 'SECOND_PERSON_REQUIRED')) return undefined
    throw error
  })
  return first === undefined || first.state === 'recorded' ? call('approver') : first
}

/** `name: value` lines for people, JSON for scripts. */
export function print({ json }: { json?: true | undefined }, answer: object): void {
  const lines = Object.entries(answer).map(
    ([name, value]) =>
      `${name}: ${visible(typeof value === 'object' ? JSON.stringify(value) : String(value))}`,
  )
  process.stdout.write(json ? `${visibleJson(answer)}\n` : `${lines.join('\n')}\n`)
}

/**
 * Text that strangers wrote, as one line: what would end it, move the cursor or turn the direction of writing is shown as an
 * escape. PEM is the registry's own and keeps its lines.
 */
export function visible(text: string): string {
  return /^-----BEGIN [A-Z ]+-----\n/.test(text) && /^[\x20-\x7e\n]*$/.test(text) ? text : escaped(text)
}

/** JSON escapes the first 32 only; inside of its strings the others may stand so too. */
function visibleJson(answer: object): string {
  return JSON.stringify(answer, null, 2).split('\n').map(escaped).join('\n')
}

function escaped(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    // As JSON has it, in pairs where it takes two.
    [...Array(character.length).keys()]
      .map((i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}

/** A line each. */
export function printList<T extends object>(
  { json }: { json?: true | undefined },
  list: readonly T[],
  line: (one: T) => readonly (string | number | undefined)[],
): void {
  if (json) return print({ json }, list)
  for (const one of list) process.stdout.write(`${visible(line(one).join('  '))}\n`)
}
