/** Hospital B's PACS is away, busy, breaks off or refuses: nothing is lost, nothing is filed twice, and the reason shows. */
import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { SampleInstance, SampleKind } from '@twiin/dicom/testing'
import { DimseServer, dimseStatus } from '@twiin/dimse'
import type { StoreProvider, StoreSink } from '@twiin/dimse'
import { silentLogger } from '@twiin/runtime'
import { storeInstances } from '../../scripts/demo-network/store-instances.ts'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { expectDelivered } from '../support/expect-delivered.ts'
import { newStudy, studyUidOf, unusedBsns } from '../support/new-study.ts'
import { NodeApi, until } from '../support/node-api.ts'
import { DemoPacs, killPacs } from './demo-pacs-process.ts'

const [bsn] = unusedBsns
let demo: Demo
let [a, b] = [] as unknown as [NodeApi, NodeApi]
let studies = 0

beforeAll(async () => {
  demo = await startDemo({ hospitals: 2, empty: true })
  ;[a, b] = [new NodeApi(demo.hospital(0)), new NodeApi(demo.hospital(1))]
  await a.consent(bsn)
})
afterAll(() => demo[Symbol.asyncDispose]())

/** Whatever stands on the place of B's PACS now. */
let pacs: AsyncDisposable | undefined
const replacePacs = async (other: () => Promise<AsyncDisposable>) => {
  await pacs?.[Symbol.asyncDispose]()
  pacs = undefined
  pacs = await other()
}
beforeEach(() => killPacs(demo.hospital(1)))
afterEach(async () => {
  await pacs?.[Symbol.asyncDispose]()
  pacs = undefined
})

interface Outcome {
  sopInstanceUid: string
  sha256: string
  status: number
}

/** A PACS that answers as told, keeps nothing, and remembers every answer it gave. */
class ScriptedPacs implements AsyncDisposable {
  readonly answered: Outcome[] = []
  readonly #server: DimseServer

  constructor(options: {
    answer?: (sopInstanceUid: string, earlier: number) => number | 'abort'
    refusedClass?: string
  }) {
    const { pacs: place } = demo.hospital(1)
    const provider: StoreProvider = {
      admit: () => 'accept',
      acceptsContext: (abstractSyntax) => abstractSyntax !== options.refusedClass,
      openStore: async ({ sopInstanceUid }): Promise<StoreSink> => {
        const hash = createHash('sha256')
        return {
          write: async (chunk) => void hash.update(chunk),
          finish: async () => {
            const earlier = this.answered.filter((other) => other.sopInstanceUid === sopInstanceUid).length
            const status = options.answer?.(sopInstanceUid, earlier) ?? dimseStatus.success
            const outcome = { sopInstanceUid, sha256: hash.digest('hex') }
            if (status !== 'abort') {
              this.answered.push({ ...outcome, status })
              return status
            }
            // It has the object, and breaks off (A-ABORT) before it says so: the sender is in doubt.
            this.answered.push({ ...outcome, status: dimseStatus.success })
            void this.#restart()
            return dimseStatus.success
          },
          abort: async () => {},
        }
      },
    }
    const deps = { provider, log: silentLogger }
    this.#server = new DimseServer({ host: place.host, port: place.port }, deps)
  }

  async start(): Promise<this> {
    await this.#server.start()
    return this
  }

  ofStatus(status: number): string[] {
    return this.answered
      .filter((outcome) => outcome.status === status)
      .map((outcome) => outcome.sopInstanceUid)
  }

  async #restart(): Promise<void> {
    await this.#server.stop()
    await this.#server.start()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.stop()
  }
}

/** B orders a new study that A holds. */
async function order(options: { kinds?: SampleKind[]; instances?: number } = {}) {
  const seed = `pacs-${studies++}`
  const { kinds = ['CT'], instances = 5 } = options
  const parts = kinds.map((kind) =>
    newStudy({
      seed: `${seed}`,
      bsn,
      kind,
      instances: kind === 'CT' ? instances : 1,
      patient: { id: 'P-PACS' },
    }),
  )
  const stored = parts.flat()
  const { dicom, ura } = demo.hospital(0)
  const outcomes = await storeInstances({ ...dicom, calledAe: dicom.aeTitle, callingAe: 'STORESCU' }, stored)
  for (const { status } of outcomes) expect(status).toBe(0)
  const studyInstanceUid = studyUidOf(stored)
  const search = await until(
    async () => {
      const found = await b.search(bsn)
      const row = found.studies.find((candidate) => candidate.studyInstanceUid === studyInstanceUid)
      return row?.instances === stored.length && found
    },
    { timeoutMs: 15_000, what: 'study is found' },
  )
  return { id: await b.retrieve(search.id, { holder: ura, studyInstanceUid }), stored }
}

interface Waiting {
  state: string
  reason?: string
  nextTryAt?: string
  attempts: number
  instances: { done: number; total: number }
}

/** The transfer, once it waits for another try. */
const waiting = (id: string) =>
  until(
    async () => {
      const { transfers } = await b
        .as('operator')
        .call<{ transfers: (Waiting & { id: string })[] }>('GET', '/api/v1/transfers')
      const found = transfers.find((transfer) => transfer.id === id)
      return found?.state === 'queued' && found.attempts > 0 && found.reason !== undefined && found
    },
    { timeoutMs: 20_000, what: 'transfer waits' },
  )

const uids = (stored: readonly SampleInstance[]) => stored.map(({ sopInstanceUid }) => sopInstanceUid).sort()

test('a PACS that is down: the retrieval waits with a reason and a time, and is delivered once it is back', async () => {
  const { id, stored } = await order()
  const now = await waiting(id)
  expect(now).toMatchObject({ reason: 'CONNECTION_FAILED', instances: { done: 0, total: 5 } })
  const pause = Date.parse(now.nextTryAt ?? '') - Date.now()
  expect(pause).toBeLessThan(60_000)

  await replacePacs(() => DemoPacs.start(demo.hospital(1)))
  expect(await b.retrieved(id)).toMatchObject({ state: 'delivered', instances: { done: 5, total: 5 } })
  await expectDelivered(demo.hospital(1).pacs.dir, stored)
})

test('a PACS that is busy (A700) is asked again, only for what it did not take', async () => {
  const pacs: ScriptedPacs = new ScriptedPacs({
    answer: (_, earlier) => (pacs.answered.length % 2 === 1 && earlier === 0 ? 0xa700 : 0),
  })
  await replacePacs(() => pacs.start())
  const { id, stored } = await order()
  expect(await b.retrieved(id)).toMatchObject({ state: 'delivered' })
  expect(pacs.ofStatus(0xa700).length).toBeGreaterThan(0)
  expect(pacs.ofStatus(0).sort()).toEqual(uids(stored))
})

test('a PACS that breaks off before it answered gets the one in doubt again, identical, and the others once', async () => {
  const pacs: ScriptedPacs = new ScriptedPacs({
    answer: (_, earlier) => (pacs.answered.length === 2 && earlier === 0 ? 'abort' : 0),
  })
  await replacePacs(() => pacs.start())
  const { id, stored } = await order()
  expect(await b.retrieved(id)).toMatchObject({ state: 'delivered' })
  const times = Map.groupBy(pacs.answered, ({ sopInstanceUid }) => sopInstanceUid)
  expect([...times.keys()].sort()).toEqual(uids(stored))
  const again = [...times.values()].filter((answers) => answers.length > 1)
  expect(again.map((answers) => answers.length)).toEqual([2])
  for (const answers of again) expect(new Set(answers.map(({ sha256 }) => sha256)).size).toBe(1)
})

test('one instance that the PACS cannot take never keeps back the others; the retrieval fails with the reason', async () => {
  let bad = ''
  const pacs: ScriptedPacs = new ScriptedPacs({ answer: (uid) => ((bad ||= uid) === uid ? 0xc000 : 0) })
  await replacePacs(() => pacs.start())
  const { id, stored } = await order()
  expect(await b.retrieved(id)).toMatchObject({
    state: 'failed',
    reason: 'PACS_REFUSED',
    instances: { total: 5 },
  })
  expect(pacs.ofStatus(0).sort()).toEqual(uids(stored).filter((uid) => uid !== bad))
})

test('a class that the PACS does not take: the others are delivered; retried by a person, only the rest is sent', async () => {
  const report = '1.2.840.10008.5.1.4.1.1.88.11'
  const pacs: ScriptedPacs = new ScriptedPacs({ refusedClass: report })
  await replacePacs(() => pacs.start())
  const { id, stored } = await order({ kinds: ['SR', 'CT'] })
  const images = stored.filter(({ sopClassUid }) => sopClassUid !== report)
  expect(images.length).toBeLessThan(stored.length)
  expect(await b.retrieved(id)).toMatchObject({ state: 'failed', reason: 'PACS_REFUSED' })
  expect(pacs.ofStatus(0).sort()).toEqual(uids(images))

  const upgraded = new ScriptedPacs({})
  await replacePacs(() => upgraded.start())
  await b.as('operator').call('POST', `/api/v1/transfers/${id}/retry`)
  expect(await b.retrieved(id)).toMatchObject({ state: 'delivered' })
  expect(upgraded.ofStatus(0)).toEqual(uids(stored.filter((instance) => !images.includes(instance))))
})
