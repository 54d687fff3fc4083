/**
 * The files with which pydicom tests itself, the good and the bad. Each is sent to a node that does not have its instance,
 * and on to another hospital: there it is the same but for what filing may change (spec 05 §6), or it was refused with a reason.
 */
import { pydicomFiles } from '@twiin/dicom/testing'
import { codeOf } from '@twiin/runtime'
import { afterAll, describe, expect, test } from 'vitest'
import { storeInstances } from '../../scripts/demo-network/store-instances.ts'
import { differingElements } from '../support/compare-data-sets.ts'
import { isAlive, startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { NodeApi, until } from '../support/node-api.ts'
import { readPacs } from '../support/pacs-dir.ts'
import { splitPart10 } from '../support/part10.ts'
import type { Part10 } from '../support/part10.ts'

interface Sample extends Part10 {
  name: string
  bytes: Buffer
}

const files = pydicomFiles('test_files')
const missing = files.length > 0 ? '' : ' (skipped: needs the Debian package python3-pydicom)'
const outcomes = new Map<string, string[]>()
const note = (outcome: string, name: string) =>
  outcomes.set(outcome, [...(outcomes.get(outcome) ?? []), name])

const samples: Sample[] = files.flatMap(({ name, bytes }) => {
  const parts = splitPart10(bytes)
  // Without SOP class and transfer syntax nobody can propose it: no C-STORE is possible.
  if (parts === undefined) note('not sendable: no usable file meta information', name)
  return parts === undefined ? [] : [{ ...parts, name, bytes }]
})

/** As few rounds as possible, in none of which an instance comes twice: nine files of pydicom share one identifier. */
function rounds(): Sample[][] {
  const all: Sample[][] = []
  for (const sample of samples) {
    const free = all.find((round) =>
      round.every(({ sopInstanceUid }) => sopInstanceUid !== sample.sopInstanceUid),
    )
    if (free === undefined) all.push([sample])
    else free.push(sample)
  }
  return all
}

/** Three rounds go around three hospitals: at each of them an instance is stored once, and arrives once from another. */
function laps(): Sample[][][] {
  const all = rounds()
  return Array.from({ length: Math.ceil(all.length / 3) }, (_, lap) => all.slice(3 * lap, 3 * lap + 3))
}

async function send(demo: Demo, sample: Sample, turn: number): Promise<string> {
  const [from, to] = [demo.hospital(turn), demo.hospital((turn + 1) % 3)]
  const a = new NodeApi(from)
  const calledAe = from.dicom.sendTo[to.ura] ?? ''
  const before = new Set((await a.transfers()).map(({ id }) => id))
  let status: number | undefined
  try {
    const [outcome] = await storeInstances({ ...from.dicom, calledAe, callingAe: 'STORESCU' }, [sample])
    status = outcome?.status
  } catch (error) {
    return `refused at the door: ${codeOf(error)}`
  }
  if (status !== 0) return `refused with status ${status?.toString(16).padStart(4, '0')}`
  const { id } = await until(async () => (await a.transfers()).find((transfer) => !before.has(transfer.id)), {
    timeoutMs: 10_000,
    what: `${sample.name} is under way`,
  })
  const { state, reason } = await a.sent(id, 30_000)
  if (state !== 'delivered') return `${state}: ${reason}`

  const filed = (await readPacs(to.pacs.dir)).get(sample.sopInstanceUid)
  if (filed === undefined) return 'LOST: told delivered, not in the PACS'
  const differences = differingElements(sample.dataSet, filed.dataSet, sample.transferSyntaxUid)
  return differences.length === 0 ? 'delivered, identical' : `ALTERED: ${differences.join(' ')}`
}

describe.skipIf(files.length === 0)(`the test files of pydicom${missing}`, () => {
  test.each(laps().map((lap, index) => [index + 1, lap] as const))(
    'lap %i: each file arrives identical or is refused with a reason, and all nodes stay up',
    async (_index, lap) => {
      await using demo = await startDemo({ empty: true })
      for (const [turn, round] of lap.entries())
        for (const sample of round) note(await send(demo, sample, turn), sample.name)
      expect([0, 1, 2].map((index) => isAlive(demo.hospital(index).pid))).toEqual([true, true, true])
    },
  )

  test('nothing was lost, altered or left without a reason, and most arrived', () => {
    const bad = [...outcomes.keys()].filter((outcome) => /LOST|ALTERED|undefined|failed/.test(outcome))
    expect(bad.map((outcome) => [outcome, outcomes.get(outcome)])).toEqual([])
    expect(outcomes.get('delivered, identical')?.length).toBeGreaterThan(files.length / 2)
  })

  afterAll(() => {
    for (const [outcome, names] of [...outcomes].sort())
      console.log(
        `${String(names.length).padStart(3)}  ${outcome}${names.length < 15 ? `: ${names.join(' ')}` : ''}`,
      )
  })
})
