import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { NodeKey } from '@twiin/identity'
import { TwiinError, silentLogger } from '@twiin/runtime'
import { parseCheckpoint, verifyCosignature } from '@twiin/transparency'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TestLog } from '../testing/test-log.ts'
import { TestNetwork } from '../testing/test-network.ts'
import type { LogAtRegistry } from './log-at-registry.ts'
import type { NetworkView } from './network-view.ts'
import { Witness } from './witness.ts'

const key = NodeKey.generate()
let network: TestNetwork
let view: NetworkView
let registry: FakeRegistry
let witness: Witness

/** The registry's side, which never waits; it shows whatever log a test gives it. */
class FakeRegistry {
  shows: TestLog
  readonly asked: { after: number; from: number; wait: boolean }[] = []
  readonly cosigned: { size: number; line: string }[] = []
  readonly told: string[] = []
  /** What it says a continuation looks like. */
  proof: ((from: number) => Uint8Array[]) | undefined
  beforeCosignature: () => Promise<unknown> = async () => {}

  constructor(shows: TestLog) {
    this.shows = shows
  }

  async nextCheckpoint(question: { after: number; from: number; wait: boolean }) {
    this.asked.push(question)
    const { tree, size } = this.shows
    if (size === question.after) return undefined
    const honest = (from: number) => (from > size ? [] : tree.consistencyProof(from))
    return { checkpoint: this.shows.checkpoint(), consistency: (this.proof ?? honest)(question.from) }
  }
  async postCosignature(size: number, line: string): Promise<void> {
    await this.beforeCosignature()
    this.cosigned.push({ size, line })
  }
  async postWitnessed(checkpoint: string): Promise<void> {
    this.told.push(checkpoint)
  }
}

beforeEach(async () => {
  network = await TestNetwork.open()
  network.witnessing = { ...network.witnessing, witnesses: [key.peerId] }
  view = network.view()
  await view.bundle.accept(await network.document())
  registry = new FakeRegistry(network.log)
  witness = await opened()
})
afterEach(() => network[Symbol.asyncDispose]())

async function opened(): Promise<Witness> {
  const opening = new Witness(
    { file: join(network.dir, 'witness-checkpoint') },
    {
      ...{ key, clock: network.clock, log: silentLogger },
      registry: registry as unknown as LogAtRegistry,
      bundle: view.bundle,
      logView: view.logView,
    },
  )
  await opening.load()
  return opening
}
const onDisk = async () =>
  parseCheckpoint(await readFile(join(network.dir, 'witness-checkpoint'), 'utf8')).size
const sizes = () => registry.cosigned.map(({ size }) => size)

describe('a witness', () => {
  it('signs each tree that continues the last one, with a signature that holds', async () => {
    for (const act of ['one', 'two', 'three']) {
      network.log.append({ act })
      expect(await witness.turn()).toBe(true)
    }
    expect(sizes()).toEqual([2, 3, 4])
    const { line } = registry.cosigned[2] ?? { line: '' }
    const tree = parseCheckpoint(network.log.checkpoint())
    const { time } = verifyCosignature(tree, line, { name: key.peerId, publicKey: key.publicKey })
    expect(Math.abs(time * 1000 - network.clock.now())).toBeLessThan(10_000)
    expect(await witness.turn()).toBe(false)
    expect([sizes().length, registry.asked.at(-1)]).toEqual([3, { after: 4, from: 4, wait: true }])
  })

  it('has what it signed on disk before the signature leaves', async () => {
    const seen: number[] = []
    registry.beforeCosignature = async () => seen.push(await onDisk())
    network.log.append({ act: 'x' })
    await witness.turn()
    expect(seen).toEqual([2])
  })

  it('that cannot write signs nothing', async () => {
    const nowhere = new Witness(
      { file: join(network.dir, 'not', 'there') },
      {
        ...{ key, clock: network.clock, log: silentLogger, ...view },
        registry: registry as unknown as LogAtRegistry,
      },
    )
    await nowhere.load()
    await expect(nowhere.turn()).rejects.toThrow('ENOENT')
    expect(registry.cosigned).toEqual([])
  })

  it('signs the same tree again after a restart, for the registry may have lost that, and goes on from there', async () => {
    await witness.turn()
    witness = await opened()
    await witness.turn()
    network.log.append({ act: 'x' })
    await witness.turn()
    expect(sizes()).toEqual([1, 1, 2])
  })

  it('that nobody named, or that was cut off, is none', async () => {
    const { witnessing } = network
    network.witnessing = { ...witnessing, witnesses: [] }
    await view.bundle.accept(await network.document())
    expect([witness.isAppointed, await witness.turn()]).toEqual([false, false])
    network.witnessing = witnessing
    const revoked = [{ peerId: key.peerId, serial: 'ab', state: 'suspended' as const, at: 1, reason: 'x' }]
    await view.bundle.accept(await network.document({ revoked }))
    expect(await witness.turn()).toBe(false)
    expect(registry.asked).toEqual([])
    await view.bundle.accept(await network.document())
    expect([witness.isAppointed, await witness.turn()]).toEqual([true, true])
  })

  it('that distrusts the log still signs the one list it signed before, and no other', async () => {
    const fork = network.log.fork()
    network.log.append({ act: 'one thing' })
    fork.append({ act: 'another' })
    await witness.turn()
    view.logView.note(fork.checkpoint(), 'peer')
    expect(view.logView.distrust).toBeDefined()
    network.log.append({ act: 'and more' })
    await witness.turn()
    expect(sizes()).toEqual([2, 3])
    registry.shows = fork
    for (const act of ['x', 'y', 'z']) fork.append({ act })
    await expect(witness.turn()).rejects.toThrow('LOG_INCONSISTENT')
    expect(sizes()).toEqual([2, 3])
  })

  it('whose memory was damaged signs nothing and says so; the node around it goes on', async () => {
    await writeFile(join(network.dir, 'witness-checkpoint'), 'nonsense')
    const damaged = await opened()
    expect(damaged.alarm?.code).toBe('WITNESS_MEMORY_DAMAGED')
    await expect(damaged.turn()).rejects.toThrow('WITNESS_MEMORY_DAMAGED')
    expect([sizes(), await readFile(join(network.dir, 'witness-checkpoint'), 'utf8')]).toEqual([
      [],
      'nonsense',
    ])
  })
})

describe('a witness refuses', () => {
  let fork: TestLog
  beforeEach(async () => {
    fork = network.log.fork()
    network.log.append({ act: 'one thing' })
    fork.append({ act: 'another' })
    await witness.turn()
    registry.cosigned.length = 0
  })

  it('a tree of the size it signed with another root: that is equivocation, and proof of it is kept', async () => {
    registry.shows = fork
    witness = await opened()
    await expect(witness.turn()).rejects.toThrow('LOG_EQUIVOCATION')
    expect(view.logView.distrust).toMatchObject({ from: 'registry' })
    expect(registry.cosigned).toEqual([])
  })

  it('a larger tree that does not continue the one it signed, whatever proof comes with it', async () => {
    registry.shows = fork
    fork.append({ act: 'and more' })
    for (const proof of [undefined, () => [], () => [new Uint8Array(32)]]) {
      registry.proof = proof
      await expect(witness.turn()).rejects.toThrow('LOG_INCONSISTENT')
    }
    expect(witness.alarm?.code).toBe('LOG_INCONSISTENT')
    expect(registry.cosigned).toEqual([])
    registry.proof = undefined
    registry.shows = network.log
    for (const act of ['and', 'more']) network.log.append({ act })
    await witness.turn()
    expect([sizes(), witness.alarm]).toEqual([[4], undefined])
  })

  it('a smaller tree: it shows the registry what that has lost, and sounds the alarm until it is back', async () => {
    const backup = network.log.fork()
    for (const act of ['a', 'b', 'c']) network.log.append({ act })
    await witness.turn()
    const signed = network.log.checkpoint()
    registry.cosigned.length = 0
    const whole = registry.shows
    registry.shows = backup
    await expect(witness.turn()).rejects.toThrow('LOG_SHRANK')
    expect([witness.alarm?.code, registry.told]).toEqual(['LOG_SHRANK', [signed]])
    await expect(witness.turn()).rejects.toThrow(TwiinError)
    registry.shows = whole
    await witness.turn()
    expect([sizes(), witness.alarm]).toEqual([[5], undefined])
  })

  it('a note that this log did not sign', async () => {
    registry.shows = { ...fork, tree: fork.tree, size: 9, checkpoint: () => 'nonsense' } as unknown as TestLog
    await expect(witness.turn()).rejects.toThrow('CHECKPOINT_INVALID')
  })
})
