import type { AuditEntry, StoredEntry } from '@twiin/audit'
import { kinds, outcomes } from './fhir-audit-event.ts'

/** DICOM PS3.15 A.5 audit message in an RFC 5424 line, framed for TLS as RFC 5425 §4.3 says. Spec 07 §10. */

/** Facility 10 (security), severity notice or warning. */
const priorities = { success: 10 * 8 + 5, refused: 10 * 8 + 4, failed: 10 * 8 + 4 } as const

/** With its length in octets before it. */
export function syslogFrame(stored: StoredEntry, host: string): Buffer {
  const { entry } = stored
  const header = [
    `<${priorities[entry.outcome]}>1`,
    new Date(entry.at).toISOString(),
    `ura-${entry.organisation.ura}.${host}`.replace(/[^!-~]/g, '').slice(0, 255),
    ...['twiin-node', '-', 'DICOM+RFC3881', '-'],
  ].join(' ')
  const message = Buffer.from(`${header} \ufeff${auditMessage(stored)}`, 'utf8')
  return Buffer.concat([Buffer.from(`${message.byteLength} `), message])
}

export function auditMessage({ seq, entry }: StoredEntry): string {
  const [code, meaning] = kinds[entry.event].type
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<AuditMessage>',
    element(
      'EventIdentification',
      {
        EventActionCode: kinds[entry.event].action,
        EventDateTime: new Date(entry.at).toISOString(),
        EventOutcomeIndicator: outcomes[entry.outcome],
      },
      [
        coded('EventID', code, 'DCM', meaning),
        coded('EventTypeCode', entry.event, 'TWIIN', entry.event),
        ...(entry.emergency
          ? [coded('PurposeOfUse', 'BTG', '2.16.840.1.113883.5.8', 'break the glass')]
          : []),
        ...(entry.reason === undefined
          ? []
          : [`<EventOutcomeDescription>${escaped(entry.reason)}</EventOutcomeDescription>`]),
      ],
    ),
    ...participants(entry),
    element('AuditSourceIdentification', {
      AuditEnterpriseSiteID: entry.organisation.name,
      AuditSourceID: entry.organisation.ura,
    }),
    ...objects(entry),
    object({ id: `${entry.organisation.ura}.${seq}`, type: '2', role: '13' }, ['12', 'RFC-3881', 'URI']),
    '</AuditMessage>',
  ].join('')
}

function participants({ user, responsible, peer, organisation }: AuditEntry): string[] {
  const participant = (id: string, isRequestor: boolean, name?: string, role?: string, network?: string) =>
    element(
      'ActiveParticipant',
      {
        UserID: id,
        ...(name === undefined ? {} : { UserName: name }),
        UserIsRequestor: String(isRequestor),
        ...(network === undefined ? {} : { NetworkAccessPointID: network, NetworkAccessPointTypeCode: '5' }),
      },
      role === undefined || role === '' ? [] : [coded('RoleIDCode', role, 'TWIIN', role)],
    )
  return [
    user === undefined
      ? participant(`ura:${organisation.ura}`, true, organisation.name)
      : participant(user.id, true, user.name, user.role),
    ...(responsible === undefined ? [] : [participant(responsible.id, false, responsible.name)]),
    ...(peer === undefined ? [] : [participant(`ura:${peer.ura}`, false, peer.name, undefined, peer.peerId)]),
  ]
}

function objects({ patient, account, objects: about, requestId }: AuditEntry): string[] {
  const { citizenNumber, localId } = patient ?? {}
  const id = citizenNumber ?? localId
  return [
    ...(id === undefined ? [] : [object({ id, type: '1', role: '1' }, ['2', 'RFC-3881', 'Patient Number'])]),
    ...(account === undefined
      ? []
      : [object({ id: account, type: '2', role: '11' }, ['11', 'RFC-3881', 'User Identifier'])]),
    ...(about?.studyInstanceUids ?? []).map((uid) =>
      object({ id: uid, type: '2', role: '3' }, ['110180', 'DCM', 'Study Instance UID']),
    ),
    ...(requestId === undefined
      ? []
      : [object({ id: requestId, type: '4', role: '21' }, ['10', 'RFC-3881', 'Search Criteria'])]),
  ]
}

function object(
  { id, type, role }: { id: string; type: string; role: string },
  [code, system, meaning]: readonly [string, string, string],
): string {
  return element(
    'ParticipantObjectIdentification',
    { ParticipantObjectID: id, ParticipantObjectTypeCode: type, ParticipantObjectTypeCodeRole: role },
    [coded('ParticipantObjectIDTypeCode', code, system, meaning)],
  )
}

const coded = (name: string, code: string, system: string, meaning: string) =>
  element(name, { 'csd-code': code, codeSystemName: system, originalText: meaning })

function element(name: string, attributes: Record<string, string>, children: readonly string[] = []): string {
  const list = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(value)}"`)
  const start = `<${name}${list.join('')}`
  return children.length === 0 ? `${start}/>` : `${start}>${children.join('')}</${name}>`
}

/** XML 1.0 knows no control characters, not even escaped: they become a space. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\u0000-\u001f\u007f-\u009f\ufffe\uffff]/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
