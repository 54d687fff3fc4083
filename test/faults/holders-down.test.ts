/**
 * A third of the network is gone, one node killed and one frozen (its connections stand, nobody answers), and the
 * registry with them. Whoever is left finds everything of everybody else, and is told what is missing.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { storeInstances } from '../../scripts/demo-network/store-instances.ts'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { newStudy, studyUidOf, unusedBsns } from '../support/new-study.ts'
import { NodeApi, until } from '../support/node-api.ts'

const [bsn] = unusedBsns
const count = 6
const [frozen, killed] = [4, 5]
const left = [0, 1, 2, 3]
let demo: Demo
let nodes: NodeApi[]
const uraOf = (index: number) => demo.hospital(index).ura

/** The same person has a study in every hospital, and has agreed to all being found. */
const studyAt = (index: number, seed = 'everywhere') =>
  newStudy({ seed: `${seed}-${index}`, bsn, instances: 2, patient: { id: `P-${index}` } })

async function storeAt(index: number, seed?: string): Promise<string> {
  const { dicom } = demo.hospital(index)
  const study = studyAt(index, seed)
  const to = { ...dicom, calledAe: dicom.aeTitle, callingAe: 'STORESCU' }
  for (const { status } of await storeInstances(to, study)) expect(status).toBe(0)
  return studyUidOf(study)
}

beforeAll(async () => {
  demo = await startDemo({ hospitals: count, empty: true })
  nodes = Array.from({ length: count }, (_, index) => new NodeApi(demo.hospital(index)))
  for (const [index, node] of nodes.entries()) {
    await node.consent(bsn)
    await storeAt(index)
  }
  const everywhere = async () => {
    const searches = await Promise.all(nodes.map((node) => node.search(bsn)))
    return searches.every(
      ({ studies }) => studies.filter(({ detail }) => detail === 'holder').length === count,
    )
  }
  await until(everywhere, { timeoutMs: 60_000, what: 'everybody finds all' })
  await Promise.all([demo.kill('registry'), demo.kill(killed)])
  process.kill(demo.hospital(frozen).pid, 'SIGSTOP')
})
afterAll(async () => {
  // A frozen process hears no other signal.
  await demo.kill(frozen).catch(() => {})
  await demo[Symbol.asyncDispose]()
})

test('a search is complete within ten seconds; silent holders are unreachable, with what the index says of them', async () => {
  for (const index of left) {
    const began = performance.now()
    const search = await nodes[index]!.search(bsn)
    expect(performance.now() - began).toBeLessThan(10_000)

    const wanted = Array.from({ length: count }, (_, other) => {
      const away = other === frozen || other === killed
      return [uraOf(other), away ? 'unreachable' : 'answered', away ? 'index' : 'holder']
    })
    const found = search.studies.map(({ holder, detail }) => [holder, search.status(holder), detail])
    expect(found.sort()).toEqual(wanted)
    for (const row of search.studies.filter(({ detail }) => detail === 'index'))
      expect(row).toMatchObject({ studyInstanceUid: null, modalities: ['CT'] })
  }
})

test('a study is stored, published and found meanwhile', async () => {
  const studyInstanceUid = await storeAt(1, 'meanwhile')
  await until(
    async () => {
      const { studies } = await nodes[2]!.search(bsn)
      return studies.some((study) => study.studyInstanceUid === studyInstanceUid)
    },
    // One search may take eight seconds of this: it waits for those who are silent.
    { timeoutMs: 15_000, what: 'new study is found' },
  )
})

test('what a reachable holder has is retrieved meanwhile', async () => {
  const search = await nodes[3]!.search(bsn)
  const study = search.studies.find(({ holder }) => holder === uraOf(0))
  if (study === undefined) throw new Error('not found')
  const id = await nodes[3]!.retrieve(search.id, study)
  const { state, reason } = await nodes[3]!.retrieved(id)
  expect([state, reason]).toEqual(['delivered', undefined])
})

test('those who come back answer again, and know what was published while they were away', async () => {
  process.kill(demo.hospital(frozen).pid, 'SIGCONT')
  await demo.restart(killed)
  for (const index of [0, frozen, killed]) {
    await until(
      async () => {
        const { studies } = await nodes[index]!.search(bsn)
        return studies.filter(({ detail }) => detail === 'holder').length === count + 1
      },
      { timeoutMs: 40_000, what: 'everything is found' },
    )
  }
})
