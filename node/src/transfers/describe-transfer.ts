import type { TransferRecord } from './transfer-record.ts'

/** A transfer as the API shows it (spec 10 §2). */
export function describeTransfer(record: TransferRecord) {
  return {
    id: record.id,
    kind: record.kind,
    state: record.state,
    ...(record.reason === undefined ? {} : { reason: record.reason }),
    studyDescription: record.description,
    studyInstanceUids: record.kind === 'retrieval' ? [record.studyInstanceUid] : record.studyInstanceUids,
    counterparty: { ura: record.counterparty.ura, name: record.counterparty.name },
    urgency: record.urgent ? 'urgent' : 'routine',
    instances: record.instances,
    bytes: record.bytes,
    createdAt: new Date(record.createdAt).toISOString(),
    updatedAt: new Date(record.updatedAt).toISOString(),
    attempts: record.attempts,
    ...(record.state === 'queued' && record.attempts > 0
      ? { nextTryAt: new Date(record.nextTryAt).toISOString() }
      : {}),
    retryable: isRetryable(record),
    ...(record.kind === 'retrieval' ? { destination: record.destination } : describeLetter(record)),
  }
}

export const isRetryable = ({ state, attempts }: TransferRecord) =>
  state === 'failed' || (state === 'queued' && attempts > 0)

function describeLetter(record: Exclude<TransferRecord, { kind: 'retrieval' }>) {
  return {
    sendReason: record.sendReason,
    ...(record.mailbox === undefined ? {} : { mailbox: record.mailbox }),
    ...(record.note === undefined ? {} : { note: record.note }),
    ...(record.kind === 'arrival' ? { sender: record.sender.name } : {}),
  }
}
