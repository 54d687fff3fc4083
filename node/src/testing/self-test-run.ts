import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { protocolIds, selfTestAnswer, selfTestRequest } from '@twiin/protocol'
import type { SelfTestAnswer, SelfTestRequest } from '@twiin/protocol'
import { twoHospitals } from './test-hospital.ts'
import type { TestHospital } from './test-hospital.ts'
import type { TestNetwork } from './test-network.ts'

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
type Question = Without<SelfTestRequest, 'run'>

export const run: Uint8Array = new Uint8Array(16).fill(9)
export const otherRun: Uint8Array = new Uint8Array(16).fill(10)

export const failed = (reason: string): SelfTestAnswer => ({ kind: 'failed', reason })

/** The keeper of the network asks. */
async function ask(network: TestNetwork, at: TestHospital, question: Question, id = run) {
  const bytes = selfTestRequest.encode({ ...question, run: id })
  return selfTestAnswer.decode(await network.keeper.ask(at.key.peerId, protocolIds.selfTest, bytes))
}

/** Two hospitals in a run to which both said hello; `atA` and `atB` are what the keeper asks them. */
export async function begunRun() {
  const net = await twoHospitals()
  const atA = (question: Question, id?: Uint8Array) => ask(net.network, net.a, question, id)
  const atB = (question: Question, id?: Uint8Array) => ask(net.network, net.b, question, id)
  await atA({ kind: 'hello' })
  await atB({ kind: 'hello' })
  const [a, b] = [net.a.key.peerId, net.b.key.peerId]
  return { net, a, b, atA, atB, [Symbol.asyncDispose]: () => net[Symbol.asyncDispose]() }
}

/** What a hospital has of patients, studies and transfers. */
export async function holdings(at: TestHospital) {
  const studies: string[] = []
  for await (const study of at.ground.studies.studies()) studies.push(study.studyInstanceUid)
  const files = await readdir(join(at.dir, 'blobs'), { recursive: true, withFileTypes: true })
  return {
    studies,
    transfers: await at.transfers(),
    pacs: [at.archive.stored.length, at.archive.offered.length],
    files: files.filter((entry) => entry.isFile()).length,
    exceptions: await at.exchange.worklist.list(10),
  }
}
export const nothingHeld = { studies: [], transfers: [], pacs: [0, 0], files: 0, exceptions: [] }
