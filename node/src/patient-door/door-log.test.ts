import { ManualClock, createLogger } from '@twiin/runtime'
import { expect, it } from 'vitest'
import { DoorLog, logOver } from './door-log.ts'
import { isFromDoor } from './door-messages.ts'
import type { FromDoor, Line } from './door-messages.ts'

it('lines of the door stand in the node’s log as such, so many a second, and how many were left out', async () => {
  const lines: { msg?: string; part?: string; lines?: number }[] = []
  const log = createLogger({ destination: { write: (line) => void lines.push(JSON.parse(line) as object) } })
  const clock = new ManualClock()
  const ofDoor = new DoorLog({ log, clock })
  const line: Line = { kind: 'log', level: 'warn', event: 'node ready', facts: { code: 'X' } }
  for (let i = 0; i < 100; i++) ofDoor.write(line)
  expect(lines).toHaveLength(20)
  expect(lines.every(({ part }) => part === 'door')).toBe(true)
  await clock.advance(1000)
  ofDoor.write(line)
  expect(lines.slice(20)).toMatchObject([
    { msg: 'lines of the door left out', lines: 80 },
    { msg: 'node ready' },
  ])
})

it('whatever is logged at the door becomes a line that the node reads; what is below its level is not sent', () => {
  const said: FromDoor[] = []
  const log = logOver((message) => void said.push(message), 'info')
  log.debug('nothing')
  const many = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`fact${i}`, 'x'.repeat(500)]))
  log.error('x'.repeat(500), { ...many, none: undefined })
  log.child({ a: 1 }).info('well')
  expect(said.map(isFromDoor)).toEqual([true, true])
})
