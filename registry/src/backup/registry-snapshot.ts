import { readFile } from 'node:fs/promises'
import { request } from 'node:https'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { TwiinError, codeOf } from '@twiin/runtime'
import { Store } from '@twiin/store'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { openKeys } from '../ceremony/keys.ts'
import type { Settings } from '../config/settings.ts'
import { readRawLines } from '../ledger/ledger.ts'
import { LedgerCopy } from '../log/ledger-copy.ts'
import { logFiles } from '../log/log-files.ts'
import { LedgerState, ledgerStateOf } from './ledger-state.ts'

const First = Compile(
  Type.Object(
    { ...LedgerState.properties, checkpoint: Type.Optional(Type.String()) },
    { additionalProperties: false },
  ),
)
const Entry = Compile(
  Type.Object({ key: Type.String(), value: Type.String() }, { additionalProperties: false }),
)
const Last = Compile(Type.Object({ entries: Type.Integer({ minimum: 0 }) }, { additionalProperties: false }))

export type SealedEntry = readonly [key: string, sealed: Buffer]

/** A registry at one moment. */
export interface Snapshot extends AsyncDisposable {
  readonly state: LedgerState
  /** The newest cosigned one. */
  readonly checkpoint?: string
  readonly entries: AsyncIterable<SealedEntry>
}

/** Of the registry of these settings, whether it runs or not. Throws STORE_LOCKED when it runs and does not answer. */
export async function takeSnapshot(settings: Settings): Promise<Snapshot> {
  const runtime = await textOf(join(settings.dataDir, 'runtime.json'))
  if (runtime !== undefined) {
    const { url } = JSON.parse(runtime) as { url: string }
    try {
      return await ofRunning(url, settings)
    } catch (error) {
      // Killed, it left the file behind; the lock of the store says whether it really is gone.
      if (codeOf(error) !== 'REGISTRY_UNREACHABLE') throw error
    }
  }
  return ofStopped(settings)
}

async function ofRunning(url: string, { http, tokens }: Settings): Promise<Snapshot> {
  const token = (await readFile(tokens.administrator, 'utf8')).trim()
  const answer = await new Promise<Parameters<NonNullable<Parameters<typeof request>[2]>>[0]>(
    (resolve, reject) => {
      const options = { agent: false, headers: { authorization: `Bearer ${token}` } }
      void readFile(http.caFile, 'utf8').then((ca) => {
        const call = request(new URL('/api/v1/backup', url), { ...options, ca, timeout: 60_000 }, resolve)
        call.on('timeout', () => call.destroy(new Error('timeout')))
        call.on('error', (cause) => reject(new TwiinError('REGISTRY_UNREACHABLE', { url }, { cause })))
        call.end()
      }, reject)
    },
  )
  if (answer.statusCode !== 200) {
    answer.destroy()
    throw new TwiinError('BACKUP_REFUSED', { status: answer.statusCode })
  }
  const lines = createInterface(answer)[Symbol.asyncIterator]()
  const next = async (): Promise<unknown> => {
    const { value, done } = await lines.next()
    // A connection that broke must not look like a store that ended.
    if (done === true) throw new TwiinError('SNAPSHOT_INCOMPLETE')
    return JSON.parse(value)
  }
  async function* entries(): AsyncGenerator<SealedEntry> {
    for (let count = 0; ; count++) {
      const line = await next()
      if (Last.Check(line) && line.entries === count) return
      if (!Entry.Check(line)) throw new TwiinError('SNAPSHOT_INCOMPLETE')
      yield [line.key, Buffer.from(line.value, 'base64')]
    }
  }
  const first = await next()
  if (!First.Check(first)) throw new TwiinError('SNAPSHOT_INCOMPLETE')
  const { checkpoint, ...state } = first
  return {
    state,
    ...(checkpoint !== undefined && { checkpoint }),
    entries: entries(),
    [Symbol.asyncDispose]: async () => void answer.destroy(),
  }
}

async function ofStopped({ dataDir, keys }: Settings): Promise<Snapshot> {
  const { sealer } = await openKeys(keys)
  const store = new Store({ dir: join(dataDir, 'counters') }, { sealer })
  await store.start()
  const files = logFiles(dataDir)
  const copy = new LedgerCopy()
  try {
    for await (const line of readRawLines(files.ledger)) copy.add(line)
  } catch (error) {
    await store.stop()
    throw error
  }
  const checkpoint = await textOf(files.cosigned)
  return {
    state: ledgerStateOf(copy),
    ...(checkpoint !== undefined && { checkpoint }),
    entries: store.sealedEntries(),
    [Symbol.asyncDispose]: () => store.stop(),
  }
}

async function textOf(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  })
}
