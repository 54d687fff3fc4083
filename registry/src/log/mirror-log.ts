import { readFile } from 'node:fs/promises'
import { TwiinError, codeOf } from '@twiin/runtime'
import { writeFileDurably } from '@twiin/store'
import { parseCheckpoint, verifyCheckpoint, verifyConsistency } from '@twiin/transparency'
import { DurableLines } from '../ledger/durable-lines.ts'
import { readRawLines } from '../ledger/ledger.ts'
import { LedgerCopy } from './ledger-copy.ts'
import type { LogClient } from './log-client.ts'

/** Verified and written together, so that memory stays bounded and an interrupted copy goes on where it was. */
const linesAtOnce = 2_000

type Source = Pick<LogClient, 'checkpoint' | 'lines' | 'consistency'>

export interface Mirrored {
  readonly size: number
  readonly added: number
  readonly cosigners: readonly string[]
}

/**
 * Brings a copy of a log up to date: the same bytes as the registry's ledger, of which no line is written before it was shown
 * to lead to the log's checkpoint. The checkpoint stands beside it, in `<out>.checkpoint`.
 *
 * Throws LEDGER_BROKEN, LOG_SHRANK (the log has fewer lines than this copy: somebody put an old ledger back), LOG_DIVERGED
 * (it has other lines). Of the last two the log's note is kept, in `<out>.contradiction`: it is evidence.
 */
export async function mirrorLog(options: { out: string }, deps: { client: Source }): Promise<Mirrored> {
  const { out } = options
  const { client } = deps
  const file = await DurableLines.open(out)
  try {
    const copy = new LedgerCopy()
    for await (const line of readRawLines(out)) copy.add(line)
    const before = copy.size
    const note = await client.checkpoint()
    const keepEvidence = (error: unknown) => keep(out, note, error)
    const end = parseCheckpoint(note).size
    if (end < before) throw await keepEvidence(new TwiinError('LOG_SHRANK', { here: before, there: end }))
    try {
      if (before > 0) await mustLeadTo(note, copy, client)
      await append({ from: client.lines(before, end), copy, file, note, client })
      const { size, cosigners } = copy.judge(note)
      await writeFileDurably(`${out}.checkpoint`, Buffer.from(note), { mode: 0o644 })
      return { size, added: size - before, cosigners }
    } catch (error) {
      throw codeOf(error) === 'LOG_DIVERGED' ? await keepEvidence(error) : error
    }
  } finally {
    await file.close()
  }
}

async function append(options: {
  from: AsyncIterable<Uint8Array>
  copy: LedgerCopy
  file: DurableLines
  note: string
  client: Source
}): Promise<void> {
  const { from, copy, file, note, client } = options
  let held: string[] = []
  const write = async () => {
    if (held.length === 0) return
    await mustLeadTo(note, copy, client)
    await Promise.all(held.map((line) => file.append(line)))
    held = []
  }
  for await (const line of from) {
    copy.add(line)
    held.push(Buffer.from(line).toString('utf8'))
    if (held.length >= linesAtOnce) await write()
  }
  await write()
}

/** Throws LOG_DIVERGED, CHECKPOINT_INVALID. */
async function mustLeadTo(note: string, copy: LedgerCopy, client: Source): Promise<void> {
  const second = verifyCheckpoint(note, copy.identity)
  const path = copy.size === second.size ? [] : await client.consistency(copy.size, second.size)
  const first = { size: copy.size, root: copy.tree.root() }
  if (!verifyConsistency({ first, second }, path)) throw new TwiinError('LOG_DIVERGED', { size: copy.size })
}

async function keep(out: string, note: string, error: unknown): Promise<unknown> {
  const earlier = await readFile(`${out}.checkpoint`, 'utf8').catch(() => '')
  await writeFileDurably(`${out}.contradiction`, Buffer.from(`${earlier}\n${note}`), { mode: 0o644 })
  return error
}
