import { singleLine } from '@twiin/runtime'
import type { Query } from '../association.ts'
import { dimseError } from '../dimse-error.ts'
import type { Command } from '../messages/command-set.ts'
import type { Invocations } from '../messages/invocations.ts'
import { isPending } from '../messages/response-queue.ts'
import type { Response, ResponseQueue } from '../messages/response-queue.ts'
import { isStored } from '../status.ts'

export interface Question extends Query {
  command: number
  /** Between two responses. */
  waitMs: number
  destinationAe?: string
}

/**
 * A request that is answered many times: what `valueOf` makes of each response, the last one included. Left early, or when
 * the signal fires, the peer is told to stop, and is heard out.
 */
export async function* askForMany<T>(
  question: Question & { contextId: number },
  deps: { invocations: Invocations; valueOf: (response: Response) => T | undefined },
): AsyncGenerator<T> {
  const { signal, contextId, identifier, waitMs } = question
  signal?.throwIfAborted()
  const { responses, cancel } = deps.invocations.stream(
    { contextId, command: commandOf(question), dataSet: [identifier] },
    waitMs,
  )
  signal?.addEventListener('abort', cancel, { once: true })
  let open = true
  try {
    while (open) {
      const response = await nextOf(responses, () => (open = false))
      signal?.throwIfAborted()
      if (!open) throwIfFailed(response.command)
      const value = deps.valueOf(response)
      if (value !== undefined) yield value
    }
  } finally {
    signal?.removeEventListener('abort', cancel)
    if (open) {
      cancel()
      while (open) await nextOf(responses, () => (open = false)).catch(() => {})
    }
  }
}

/** `atLast` when there will be no further one. */
async function nextOf(responses: ResponseQueue, atLast: () => void): Promise<Response> {
  try {
    const response = await responses.next()
    if (!isPending(response)) atLast()
    return response
  } catch (error) {
    atLast()
    throw error
  }
}

function commandOf({ command, sopClassUid, priority = 0, destinationAe }: Question) {
  return {
    commandField: command,
    affectedSopClassUid: sopClassUid,
    priority,
    ...(destinationAe !== undefined && { moveDestination: destinationAe }),
  }
}

function throwIfFailed(command: Command): void {
  const { status = 0, errorComment } = command
  if (isStored(status)) return
  throw dimseError('DIMSE_REFUSED', {
    status,
    ...(errorComment !== undefined && { comment: singleLine(errorComment) }),
    ...(command.completedSubOperations !== undefined && { completed: command.completedSubOperations }),
    ...(command.failedSubOperations !== undefined && { failed: command.failedSubOperations }),
  })
}
