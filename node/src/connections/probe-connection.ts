import { readFile } from 'node:fs/promises'
import { dimseStatus, openAssociation, verificationClass } from '@twiin/dimse'
import { MllpClient, writeMessage } from '@twiin/hl7'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { ClientTlsFor } from '../dicom-tls/dicom-certificates.ts'
import type { Connection } from './connections.ts'

/** Longest a test takes, whatever the other side does. */
const probeMs = 8000
const implicitLittleEndian = '1.2.840.10008.1.2'

export interface ProbeResult {
  ok: boolean
  /** Code: why not. */
  reason?: string
  /** What the other side said, when it said something: a DIMSE status, an HTTP status, an HL7 acknowledgement. */
  answer?: string
  durationMs: number
}

interface Deps {
  clientTls: ClientTlsFor
  clock: Clock
  log: Logger
  random: (bytes: number) => Uint8Array
}

/** One real question over a connection: C-ECHO, QIDO-RS for one study, or an HL7 message. Never throws. */
export async function probeConnection(connection: Connection, deps: Deps): Promise<ProbeResult> {
  const began = deps.clock.now()
  const signal = AbortSignal.timeout(probeMs)
  const took = () => ({ durationMs: Math.max(0, deps.clock.now() - began) })
  try {
    const answer = await probes[connection.kind](connection, deps, signal)
    return { ...answer, ...took() }
  } catch (error) {
    return { ok: false, reason: signal.aborted ? 'CONNECTION_TIMEOUT' : codeOf(error), ...took() }
  }
}

type Probe = (of: Connection, deps: Deps, signal: AbortSignal) => Promise<Omit<ProbeResult, 'durationMs'>>

const probes: Readonly<Record<Connection['kind'], Probe>> = {
  dicom: echo,
  dicomweb: askOneStudy,
  hl7: sendMessage,
}

async function echo(
  { host, port, tls, aeTitle = '', callingAeTitle = '' }: Connection,
  deps: Deps,
  signal: AbortSignal,
) {
  const options = deps.clientTls({ tls })
  await using association = await openAssociation(
    {
      ...{ host, port, callingAe: callingAeTitle, calledAe: aeTitle, signal },
      contexts: [{ abstractSyntax: verificationClass, transferSyntaxes: [implicitLittleEndian] }],
      timeouts: { connectMs: 4000, responseMs: 4000 },
      ...(options.tls && { tls: options.tls() }),
    },
    { log: deps.log },
  )
  const status = await association.echo()
  const answer = status.toString(16).toUpperCase().padStart(4, '0')
  return status === dimseStatus.success ? { ok: true, answer } : { ok: false, reason: 'ECHO_REFUSED', answer }
}

async function askOneStudy({ url = '', authorizationFile }: Connection, _deps: Deps, signal: AbortSignal) {
  const authorization =
    authorizationFile === undefined
      ? {}
      : { authorization: (await readFile(authorizationFile, 'utf8')).trim() }
  const response = await fetch(`${url.replace(/\/$/, '')}/studies?limit=1`, {
    headers: { accept: 'application/dicom+json', ...authorization },
    ...{ signal, redirect: 'error' },
  }).catch((cause: unknown) => {
    throw new TwiinError('CONNECTION_FAILED', {}, { cause })
  })
  await response.body?.cancel()
  const answer = String(response.status)
  return response.ok ? { ok: true, answer } : { ok: false, reason: 'HTTP_REFUSED', answer }
}

/**
 * A network management message marked as for debugging (MSH-11 D), which means nothing to anybody: whoever speaks HL7
 * over MLLP answers it, mostly that it does not know it. Any answer is what we want.
 */
async function sendMessage(
  { host, port, tls, application = '' }: Connection,
  deps: Deps,
  signal: AbortSignal,
) {
  const { clock, log, random } = deps
  const client = new MllpClient(
    { host, port, attempts: 1, connectMs: 4000, answerMs: 4000, ...(tls ? { tls: {} } : {}) },
    { clock, log },
  )
  const message = writeMessage(
    {
      ...{ sendingApplication: application, sendingFacility: 'TWIIN', receivingApplication: '' },
      ...{ receivingFacility: '', type: ['NMD', 'N02', 'NMD_N02'], processingId: 'D', now: clock.now() },
      controlId: `TEST${Buffer.from(random(6)).toString('hex').toUpperCase()}`,
    },
    [['NST', { 1: 'Y' }]],
  )
  try {
    const { code } = await client.send(message, signal)
    return { ok: true, answer: code }
  } finally {
    await client.close()
  }
}
