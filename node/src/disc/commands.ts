import { createReadStream, createWriteStream, readFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { json, text } from 'node:stream/consumers'
import type { IncomingMessage } from 'node:http'
import { HeadReader } from '@twiin/dicom'
import { openSource, packSource, readDisc } from '@twiin/media'
import type { DiscContents } from '@twiin/media'
import { TwiinError, silentLogger } from '@twiin/runtime'
import type { Command } from 'commander'
import { loadSettings } from '../config/load-settings.ts'

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
    const answer = await call(options.config, '/api/v1/discs', 'application/octet-stream', body)
    print((await json(answer)) as object)
  } finally {
    await heads.stop()
  }
}

async function write(options: WriteOptions, print: (value: object) => void): Promise<void> {
  const { config, study, recipient, reason, format, out } = options
  const order = JSON.stringify({ studyInstanceUids: study, recipient, reason, format })
  const answer = await call(config, '/api/v1/disc-exports', 'application/json', Readable.from([order]))
  await pipeline(answer, createWriteStream(out, { flags: 'wx', mode: 0o600 }))
  print({ ok: true, out })
}

/** Throws the code that the node answered; what was not sent yet is dropped then, and nothing is left open. */
async function call(config: string, path: string, type: string, body: Readable): Promise<IncomingMessage> {
  const { dataDir } = loadSettings(config)
  const token = (await text(process.stdin)).trim()
  const { url, caFile } = JSON.parse(readFileSync(join(dataDir, 'runtime.json'), 'utf8')) as Running
  const headers = { authorization: `Bearer ${token}`, 'content-type': type }
  const asked = request(`${url}${path}`, { method: 'POST', headers, ca: readFileSync(caFile) })
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    asked.once('response', resolve)
    asked.once('error', reject)
  })
  // A node that refuses does not read to the end: its answer tells, not the broken pipe.
  pipeline(body, asked).catch(() => {})
  const answer = await answered
  if (answer.statusCode === 200 || answer.statusCode === 202) return answer
  const problem = (await json(answer).catch(() => ({}))) as { code?: string }
  // It reads no more of the disc: without this the rest of it would wait, and the command with it.
  asked.destroy()
  throw new TwiinError(problem.code ?? 'UNEXPECTED')
}

interface Running {
  url: string
  caFile: string
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
