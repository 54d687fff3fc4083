/**
 * The pages for recipients as a process of their own (spec 25 §5): what strangers reach has neither the node's keys nor its
 * memory, and a crowd there keeps no radiologist waiting. It begins when the node says with what, and ends with the node.
 */
import { randomBytes } from 'node:crypto'
import { Socket } from 'node:net'
import { codeOf, systemClock } from '@twiin/runtime'
import type { Logger } from '@twiin/runtime'
import { brokerRoutes } from './broker-routes.ts'
import { Broker } from './broker.ts'
import { logOver } from './door-log.ts'
import { longestText, longestToDoor } from './door-messages.ts'
import type { DoorSettings, FromDoor, ToDoor } from './door-messages.ts'
import { MessagePipe } from './message-pipe.ts'
import { PatientPages } from './patient-pages.ts'
import type { PatientPagesDeps } from './patient-pages.ts'
import { SharesOverPipe } from './shares-over-pipe.ts'

process.title = 'twiin-door'
// A signal to the whole group comes here too: the node says when it is time.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})

const stream = new Socket({ fd: 3 })
stream.once('close', () => process.exit(0))
const pipe = new MessagePipe(
  { longest: longestToDoor },
  { stream, heard: (message) => heard(message as ToDoor), broken: () => process.exit(70) },
)
const send = (message: FromDoor) => pipe.send(message)
const shares = new SharesOverPipe({ send })
let pages: PatientPages | undefined

function heard(message: ToDoor): void {
  if (message.kind === 'begin') void begin(message.settings)
  else if (message.kind === 'ping') send({ kind: 'here' })
  else if (message.kind === 'stop') void stop()
  else shares.heard(message)
}

async function begin({ pages: options, broker, logLevel }: DoorSettings): Promise<void> {
  const log = logOver(send, logLevel)
  process.on('uncaughtException', (error) => endBy(log, error))
  try {
    pages = new PatientPages(options, {
      ...{ door: shares, clock: systemClock, random: randomBytes, log },
      ...(broker === undefined ? {} : { login: loginsBy(broker, log) }),
    })
    await pages.start()
    send({ kind: 'open', port: pages.port })
  } catch (error) {
    send({ kind: 'shut', code: codeOf(error).slice(0, longestText) })
  }
}

async function stop(): Promise<void> {
  await pages?.stop()
  process.exit(0)
}

const loginsBy = (
  broker: NonNullable<DoorSettings['broker']>,
  log: Logger,
): NonNullable<PatientPagesDeps['login']> => {
  const asked = new Broker(broker, { clock: systemClock, log })
  return (entrance) => brokerRoutes({ broker: asked, pages: entrance })
}

/** A fault of ours: the node begins a new one. The message could hold patient data, the name cannot. */
function endBy(log: Logger, error: unknown): void {
  log.error('door for recipients ended', { error: error instanceof Error ? error.name : typeof error })
  process.exit(70)
}
