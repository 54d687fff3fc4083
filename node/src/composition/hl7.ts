import { readFile } from 'node:fs/promises'
import { MllpServer } from '@twiin/hl7'
import type { MllpServerOptions } from '@twiin/hl7'
import { buckets } from '../config/buckets.ts'
import type { Hl7Settings } from '../config/hl7-settings.ts'
import type { Settings } from '../config/settings.ts'
import type { Hl7Handler } from '../hl7/hl7-handler.ts'
import { Hl7Inbox } from '../hl7/hl7-inbox.ts'
import { ReceiveMessage } from '../hl7/receive-message.ts'
import { WorkOff } from '../hl7/work-off.ts'
import { AdtHandler } from '../patients/adt-handler.ts'
import type { Exchange } from './exchange.ts'
import type { Ground } from './ground.ts'
import type { IndexSide } from './index-side.ts'

export type Hl7Side = Awaited<ReturnType<typeof composeHl7>>

/** Who does something with a message: one line each. */
export function hl7Handlers(
  { hospital, hl7, patients: { source } }: Settings,
  { account }: Ground,
  { localPatients: patients, quality }: IndexSide,
  { reports, prefetch }: Exchange,
): Hl7Handler[] {
  const own = { issuer: hospital.patientIdIssuer, authorities: hl7?.patientIdAuthorities ?? [] }
  // A hospital whose PACS is asked instead is told so by AR: nothing would be done with its ADT.
  const adt = source === 'pacs' ? [] : [new AdtHandler({ own }, { patients, account, quality })]
  return [...adt, reports.incoming, ...prefetch]
}

/** What comes in by HL7: the inbox, and the listener when one is configured. `handlers` share the types among them. */
export async function composeHl7(settings: Settings, ground: Ground, handlers: readonly Hl7Handler[]) {
  const { store, clock, log, random } = ground
  const inboxBuckets = {
    records: store.repository<never>(buckets.hl7Messages, { keys: 'plain-opaque' }),
    bodies: store.repository<never>(buckets.hl7Bodies, { keys: 'plain-opaque' }),
    waiting: store.repository<never>(buckets.hl7Waiting, { keys: 'plain-opaque' }),
    controlIds: store.repository<never>(buckets.hl7ControlIds, { keys: 'keyed' }),
  }
  const deps = { ...inboxBuckets, store, handlers, clock, log }
  const { hl7, hospital } = settings
  const inbox = new Hl7Inbox({ senders: hl7?.senders ?? [] }, { ...deps, workOff: new WorkOff(deps) })
  if (hl7 === undefined) return { inbox, services: [inbox] }
  const receiver = new ReceiveMessage({ ...hl7, facility: hospital.name }, { ...deps, inbox, random })
  const addresses = hl7.senders.map((sender) => sender.addresses)
  const server = new MllpServer(
    {
      ...{ host: hl7.host, port: hl7.port, limits: { maxFrameBytes: hl7.maxMessageMiB << 20 } },
      ...(addresses.includes(undefined) ? {} : { addresses: addresses.flatMap((some) => some ?? []) }),
      ...(hl7.tls === undefined ? {} : { tls: await readTls(hl7.tls) }),
    },
    { receiver, log },
  )
  return { inbox, server, services: [inbox, server] }
}

async function readTls(
  files: NonNullable<Hl7Settings['tls']>,
): Promise<NonNullable<MllpServerOptions['tls']>> {
  const [cert, key] = [await readFile(files.certificateFile), await readFile(files.keyFile)]
  if (files.clientCaFile === undefined) return { cert, key }
  return { cert, key, ca: await readFile(files.clientCaFile), requestCert: true, rejectUnauthorized: true }
}
