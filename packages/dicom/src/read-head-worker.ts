import { parentPort } from 'node:worker_threads'
import { isTwiinError } from '@twiin/runtime'
import type { Facts } from '@twiin/runtime'
import type { InstanceHead } from './instance-head.ts'
import { readInstanceHead } from './read-instance-head.ts'

export type WorkerRequest = Parameters<typeof readInstanceHead>[0]
export type WorkerAnswer = { ready: true } | { head: InstanceHead } | { code: string; facts: Facts }

/** A thread of the head reader: says when it is ready; then one request, one answer, in order. Only our own codes and facts leave it. */
parentPort?.on('message', (request: WorkerRequest) => {
  void answer(request).then((result) => parentPort?.postMessage(result))
})
parentPort?.postMessage({ ready: true } satisfies WorkerAnswer)

async function answer(request: WorkerRequest): Promise<Exclude<WorkerAnswer, { ready: true }>> {
  try {
    return { head: await readInstanceHead(request) }
  } catch (error) {
    if (isTwiinError(error)) return { code: error.code, facts: error.facts }
    return { code: 'DICOM_UNREADABLE', facts: { reason: 'parser failure' } }
  }
}
