import { createReadStream, createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { json } from 'node:stream/consumers'
import { HeadReader } from '@twiin/dicom'
import { openSource, packSource, readDisc } from '@twiin/media'
import type { DiscContents } from '@twiin/media'
import { silentLogger } from '@twiin/runtime'
import type { Command } from 'commander'
import { loadSettings } from '../config/load-settings.ts'
import { callRunningNode } from '../http/call-running-node.ts'

interface ReadOptions {
  json?: true
  config?: string
}
interface WriteOptions {
  config: string
  study: string[]
  recipient: string
  reason: string
  format: string
  out: string
}

/**
 * Discs from the command line. To look at one needs no node; to send one there, or to have one written, goes by the API of
 * the running node, whose database nobody else can open. The token (role operator) is read from standard input.
 */
export function discCommands(program: Command, print: (value: object) => void): void {
  const token = 'For the node, the token of an operator is read from standard input.'
  const disc = program.command('disc').description('discs of others, and discs for others')
  disc
    .command('read <path>')
    .description(
      `show what is on a folder, ISO image or zip; with --config also send it to the node. ${token}`,
    )
    .option('--json', 'everything, as JSON')
    .option('--config <file>', 'configuration file of the node it goes to')
    .action((path: string, options: ReadOptions) => read(path, options, print))
  disc
    .command('write')
    .description(`have the node write a disc for a recipient without a node. ${token}`)
    .requiredOption('--config <file>', 'configuration file of the node')
    .requiredOption('--study <uid...>', 'Study Instance UIDs')
    .requiredOption('--recipient <name>', 'whom it is for')
    .requiredOption('--reason <text>', 'why')
    .option('--format <format>', 'zip or iso', 'zip')
    .requiredOption('--out <file>', 'where it is put')
    .action((options: WriteOptions) => write(options, print))
}

async function read(path: string, options: ReadOptions, print: (value: object) => void): Promise<void> {
  const heads = new HeadReader({}, { log: silentLogger })
  try {
    await using source = await openSource(path)
    const contents = await readDisc(source, {}, { heads })
    if (options.json === true) print(contents)
    else process.stdout.write(summaryOf(contents))
    if (options.config === undefined) return
    const body =
      source.format === 'folder'
        ? Readable.from(await packSource(source, new Date()), { objectMode: false })
        : createReadStream(path)
    const answer = await callRunningNode(
      loadSettings(options.config),
      '/api/v1/discs',
      'application/octet-stream',
      body,
    )
    print((await json(answer)) as object)
  } finally {
    await heads.stop()
  }
}

async function write(options: WriteOptions, print: (value: object) => void): Promise<void> {
  const { config, study, recipient, reason, format, out } = options
  const order = JSON.stringify({ studyInstanceUids: study, recipient, reason, format })
  const answer = await callRunningNode(
    loadSettings(config),
    '/api/v1/disc-exports',
    'application/json',
    Readable.from([order]),
  )
  await pipeline(answer, createWriteStream(out, { flags: 'wx', mode: 0o600 }))
  print({ ok: true, out })
}

function summaryOf({ format, counts, problems, patients }: DiscContents): string {
  const lines = [
    `${format}: ${counts.files} files, ${counts.dicom} DICOM, ${counts.listed} listed, ${counts.ballast} programs left alone`,
    ...problems.map(({ code, count, places }) => `! ${code} ${count} ${places.join(', ')}`),
    ...patients.flatMap((patient) => [
      `${patient.key} ${patient.name} ${patient.birthDate} ${patient.localId}`,
      ...patient.studies.map(
        ({ studyDate, modalities, description, series, instances }) =>
          `   ${studyDate} ${modalities.join(',')} ${description}: ${series} series, ${instances.length} objects`,
      ),
    ]),
  ]
  // Names on a disc may hold what a terminal obeys.
  return `${lines.map((line) => line.replace(/\p{Cc}/gu, ' ')).join('\n')}\n`
}
