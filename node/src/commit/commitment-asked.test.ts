import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DimseServer, openAssociation, storageCommitmentPush, transferSyntax } from '@twiin/dimse'
import type { CommitmentResult, SopReference } from '@twiin/dimse'
import { silentLogger } from '@twiin/runtime'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TestHospital, eventually } from '../testing/test-hospital.ts'
import { TestNetwork } from '../testing/test-network.ts'

/** A modality that stores and asks; it also listens for what comes on an association of the node's own. */
class Modality {
  readonly reports: (CommitmentResult & { calledBy: string })[] = []
  /** What it says to a report. */
  hears = true
  heard = 0
  readonly #server = new DimseServer(
    { host: '127.0.0.1', port: 0 },
    {
      log: silentLogger,
      provider: {
        admit: () => 'accept',
        openStore: async () => ({ refuse: 0x0124 }),
        committed: async ({ association, ...report }) => {
          this.heard++
          if (!this.hears) throw new Error('not noted')
          this.reports.push({ ...report, calledBy: association.callingAe })
        },
      },
    },
  )
  start = () => this.#server.start()
  stop = () => this.#server.stop()
  get port(): number {
    return this.#server.address().port
  }
}

let network: TestNetwork
let hospital: TestHospital
let modality: Modality
let stored: SopReference[]
beforeEach(async () => {
  network = await TestNetwork.open({})
  modality = new Modality()
  await modality.start()
  const place = { host: '127.0.0.1', port: modality.port, query: false, moveDestination: false }
  hospital = await TestHospital.open(
    {
      ura: '90000001',
      name: 'A',
      entities: [
        { ...place, aeTitle: 'CT1' },
        { ...place, aeTitle: 'READER', query: true },
      ],
    },
    network,
  )
  const { instances } = await hospital.receive()
  stored = instances.map(({ sopClassUid, sopInstanceUid }) => ({ sopClassUid, sopInstanceUid }))
})
afterEach(async () => {
  await hospital[Symbol.asyncDispose]()
  await modality.stop()
  await network[Symbol.asyncDispose]()
})

async function ask(
  references: readonly SopReference[],
  { transactionUid = '1.2.3', callingAe = 'CT1', waits = false } = {},
) {
  const result = Promise.withResolvers<CommitmentResult>()
  const association = await openAssociation(
    {
      ...{ host: '127.0.0.1', port: hospital.exchange.dimse.address().port, callingAe, calledAe: 'TWIIN' },
      contexts: [
        {
          abstractSyntax: storageCommitmentPush,
          transferSyntaxes: [transferSyntax.implicitVrLittleEndian],
        },
      ],
    },
    { log: silentLogger, ...(waits && { committed: async (report) => result.resolve(report) }) },
  )
  const { status } = await association.requestCommitment({ transactionUid, references })
  const report = waits ? await result.promise : undefined
  if (waits) await association.release()
  else association.abort()
  return { status, report }
}

describe('a modality that asks for storage commitment', () => {
  it('hears on its association what is kept, what is unknown and what is of another class', async () => {
    const unknown = { sopClassUid: stored[0]!.sopClassUid, sopInstanceUid: '1.2.3.4' }
    const otherClass = { ...stored[2]!, sopClassUid: '1.2.840.10008.5.1.4.1.1.4' }
    const { status, report } = await ask([stored[0]!, stored[1]!, otherClass, unknown], { waits: true })
    expect(status).toBe(0)
    expect(report).toMatchObject({
      transactionUid: '1.2.3',
      committed: [stored[0], stored[1]],
      failed: [
        { ...otherClass, reason: 0x0119 },
        { ...unknown, reason: 0x0112 },
      ],
    })
    expect(modality.reports).toEqual([])
  })

  it('hears that an instance whose bytes are gone is not kept', async () => {
    const blobs = join(hospital.dir, 'blobs')
    for (const entry of await readdir(blobs, { recursive: true, withFileTypes: true }))
      if (entry.isFile()) await rm(join(entry.parentPath, entry.name))
    const { report } = await ask(stored, { waits: true })
    expect(report?.committed).toEqual([])
    expect(report?.failed.map(({ reason }) => reason)).toEqual([0x0112, 0x0112, 0x0112])
  })

  it('and is gone hears it on a new association, again until it noted it', async () => {
    modality.hears = false
    expect((await ask(stored)).status).toBe(0)
    await eventually(() => modality.heard >= 2)
    modality.hears = true
    await eventually(() => modality.reports.length > 0)
    expect(modality.reports).toMatchObject([
      { transactionUid: '1.2.3', committed: stored, calledBy: 'TWIIN' },
    ])
  })

  it('hears it once, also when the node was killed between request and report', async () => {
    modality.hears = false
    expect((await ask(stored)).status).toBe(0)
    await eventually(() => modality.heard > 0)
    await hospital.kill()
    modality.hears = true
    await eventually(() => modality.reports.length > 0)
    await hospital.restart()
    expect(modality.reports).toMatchObject([{ transactionUid: '1.2.3', committed: stored }])
  })

  it('is refused what it may not ask: without the right to store, too much, or another request of the same number', async () => {
    expect((await ask(stored, { callingAe: 'READER' })).status).toBe(0x0124)
    const many = Array.from({ length: 20_001 }, (_, i) => ({ ...stored[0]!, sopInstanceUid: `1.2.${i}` }))
    expect((await ask(many)).status).toBe(0x0213)
    modality.hears = false
    for (let i = 0; i < 64; i++) expect((await ask(stored, { transactionUid: `1.2.${i}` })).status).toBe(0)
    expect((await ask(stored, { transactionUid: '1.3' })).status).toBe(0x0213)
    expect((await ask(stored, { transactionUid: '1.2.5' })).status).toBe(0)
    expect((await ask(stored.slice(1), { transactionUid: '1.2.5' })).status).toBe(0x0115)
  })
})

describe('the PACS that may bring the result of a commitment', () => {
  it('gets nothing else by that', async () => {
    await using asking = await TestHospital.open({ ura: '90000003', name: 'C', commitment: true }, network)
    const context = (abstractSyntax: string, role?: 'scp') => ({
      abstractSyntax,
      transferSyntaxes: [transferSyntax.implicitVrLittleEndian],
      ...(role && { role }),
    })
    const [ct, find] = ['1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.5.1.4.1.2.2.1'] as const
    await using association = await openAssociation(
      {
        ...{ host: '127.0.0.1', port: asking.exchange.dimse.address().port },
        ...{ callingAe: 'PACS', calledAe: 'TWIIN' },
        contexts: [context(ct), context(find), context(storageCommitmentPush, 'scp')],
      },
      { log: silentLogger },
    )
    const isAccepted = (uid: string) => association.accepts(uid, transferSyntax.implicitVrLittleEndian)
    expect([ct, find].map(isAccepted)).toEqual([false, false])
    const report = {
      transactionUid: '1.2',
      committed: [{ sopClassUid: ct, sopInstanceUid: '1.3' }],
      failed: [],
    }
    expect(await association.reportCommitment(report)).toEqual({ status: 0 })
  })
})
