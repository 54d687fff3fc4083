/**
 * Run by killed-log.test.ts as a process of its own, to be killed at any moment: writes lines without end, and prints every
 * checkpoint it signs before it does anything else, for whoever saw one will remember it.
 */
import { writeSync } from 'node:fs'
import { LogKey } from '@twiin/identity'
import { TestLog } from './testing.ts'

const [dir = '', seed = ''] = process.argv.slice(2)
const log = await TestLog.open(dir, LogKey.fromSeed(Buffer.from(seed, 'hex')))
const show = (note: string) => writeSync(1, `${JSON.stringify(note)}\n`)
log.transparency.onChanged(() => show(log.transparency.open.note))
show(log.transparency.open.note)

async function write(): Promise<never> {
  for (;;) {
    const index = await log.grow()
    show((await log.transparency.proofOf(index)).evidence.checkpoint)
  }
}
await Promise.all(Array.from({ length: 4 }, write))
