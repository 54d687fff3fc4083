import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { monitorLog } from './monitor-log.ts'
import { TestLog } from './testing.ts'

const ura = '10000001'
const minutes = (count: number) => count * 60_000

/** What somebody from outside sees of it, at this moment of its own clock. */
function look(
  log: TestLog,
  shown: { cosigned: string | undefined } = { cosigned: log.transparency.cosigned?.note },
) {
  const client = {
    checkpoint: async () => log.transparency.open.note,
    cosigned: async () => shown.cosigned,
    lines: async function* (start: number, end: number) {
      const lines = (await readFile(log.files.ledger, 'utf8')).split('\n').slice(start, end)
      for (const line of lines) yield Buffer.from(line)
    },
  }
  return monitorLog({ ura }, { client, now: log.clock.now() })
}

test('a monitor says how far the witnesses vouch, and calls nothing cosigned with a tail older than an hour', async () => {
  await using log = await TestLog.create()
  const witnesses = await log.witnesses(3)
  expect(await look(log)).toMatchObject({
    phase: 'founding',
    cosignedSize: 0,
    cosigners: [],
    isCosigned: true,
  })
  await log.cosign(...witnesses)
  await log.keeper.tend()
  await log.settle()
  await log.cosign(...witnesses)
  const whole = await look(log)
  expect(whole).toMatchObject({ phase: 'required', cosignedSize: whole.size, isCosigned: true })
  expect(whole.cosigners).toHaveLength(3)

  const cosigned = log.transparency.cosigned?.note
  await log.clock.advance(minutes(300))
  await log.grow()
  await log.clock.advance(minutes(60))
  const young = await look(log, { cosigned })
  expect(young).toMatchObject({ cosignedSize: whole.size, size: whole.size + 1, isCosigned: true })
  await log.clock.advance(1)
  await log.grow()
  expect(await look(log, { cosigned })).toMatchObject({ cosignedSize: whole.size, isCosigned: false })
  expect(await look(log, { cosigned: undefined })).toMatchObject({ cosignedSize: 0, isCosigned: false })
})

test('a checkpoint of too few witnesses vouches for no line', async () => {
  await using log = await TestLog.create()
  const witnesses = await log.witnesses(3)
  await log.cosign(...witnesses)
  await log.keeper.tend()
  await log.settle()
  await log.cosign(...witnesses.slice(1, 2))
  await log.clock.advance(minutes(61))
  const seen = await look(log, { cosigned: log.transparency.open.note })
  expect(seen).toMatchObject({ phase: 'required', cosignedSize: 0, isCosigned: false })
  expect(seen.cosigners).toHaveLength(1)
})
