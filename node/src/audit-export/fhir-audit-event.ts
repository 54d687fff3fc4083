import type { AuditEntry, StoredEntry } from '@twiin/audit'

/** FHIR R4 AuditEvent, with the codes of IHE BALP and DICOM PS3.16 CID 400 where they fit. Spec 07 §10. */

const dcm = 'http://dicom.nema.org/resources/ontology/DCM'
const rest = 'http://hl7.org/fhir/restful-interaction'
const ours = 'urn:twiin:audit-event'
const bsnSystem = 'http://fhir.nl/fhir/NamingSystem/bsn'
const uraSystem = 'http://fhir.nl/fhir/NamingSystem/ura'

interface Kind {
  /** DICOM code, meaning, and the action: create, read, update, delete, execute. */
  readonly type: readonly [code: string, display: string]
  readonly action: 'C' | 'R' | 'U' | 'D' | 'E'
  /** BALP: the RESTful interaction it is like. */
  readonly interaction?: 'search' | 'read' | 'create' | 'update' | 'delete'
}

const query: Kind = { type: ['110112', 'Query'], action: 'E', interaction: 'search' }
const exported: Kind = { type: ['110106', 'Export'], action: 'R', interaction: 'read' }
const imported: Kind = { type: ['110107', 'Import'], action: 'C', interaction: 'create' }
const accessed: Kind = { type: ['110103', 'DICOM Instances Accessed'], action: 'R', interaction: 'read' }
const changed: Kind = { type: ['110110', 'Patient Record'], action: 'U', interaction: 'update' }
const logUsed: Kind = { type: ['110101', 'Audit Log Used'], action: 'R' }
const userLogin: Kind = { type: ['110114', 'User Authentication'], action: 'E' }
const alert: Kind = { type: ['110113', 'Security Alert'], action: 'E' }
const activity: Kind = { type: ['110100', 'Application Activity'], action: 'E' }

export const kinds: Readonly<Record<AuditEntry['event'], Kind>> = {
  search: query,
  'search-answered': query,
  'search-refused': query,
  'retrieve-requested': query,
  'study-released': exported,
  'study-served': exported,
  send: exported,
  'media-export': exported,
  'study-received': imported,
  'study-filed': imported,
  'study-stored': imported,
  'send-received': imported,
  'media-import': imported,
  receipt: activity,
  'study-viewed': accessed,
  'study-recalled': { type: ['110103', 'DICOM Instances Accessed'], action: 'D', interaction: 'delete' },
  'consent-recorded': changed,
  'exception-resolved': changed,
  'patients-merged': changed,
  publish: { ...changed, action: 'C' },
  withdraw: { ...changed, action: 'D' },
  login: userLogin,
  'login-failed': userLogin,
  confirmation: userLogin,
  'account-changed': { type: ['110137', 'User Security Attributes Changed'], action: 'U' },
  launch: query,
  refused: alert,
  emergency: { type: ['110113', 'Security Alert'], action: 'E' },
  'emergency-reviewed': logUsed,
  'log-read': logUsed,
  'log-export': logUsed,
  'log-reviewed': logUsed,
  'account-difference': alert,
  'self-test': activity,
  'share-created': exported,
  'share-code': { type: ['110137', 'User Security Attributes Changed'], action: 'U' },
  'share-opened': userLogin,
  'share-viewed': accessed,
  'share-downloaded': exported,
  'share-refused': userLogin,
  'share-locked': alert,
  'share-blocked': { ...exported, action: 'D' },
  'share-revoked': { ...exported, action: 'D' },
  'share-expired': { ...exported, action: 'D' },
}

/** 0 success, 4 minor failure (refused by rule), 8 serious failure. */
export const outcomes = { success: '0', refused: '4', failed: '8' } as const

export function fhirAuditEvent({ seq, hash, entry }: StoredEntry, host: string): object {
  const { type, action, interaction } = kinds[entry.event]
  const organisation = {
    type: 'Organization',
    identifier: { system: uraSystem, value: entry.organisation.ura },
  }
  return {
    resourceType: 'AuditEvent',
    id: `${host}.${seq}`,
    type: { system: dcm, code: type[0], display: type[1] },
    subtype: [
      { system: ours, code: entry.event },
      ...(interaction === undefined ? [] : [{ system: rest, code: interaction }]),
    ],
    action,
    recorded: new Date(entry.at).toISOString(),
    outcome: outcomes[entry.outcome],
    ...(entry.reason === undefined ? {} : { outcomeDesc: entry.reason }),
    ...(entry.purpose === undefined && !entry.emergency ? {} : { purposeOfEvent: purposes(entry) }),
    agent: agents(entry),
    source: { observer: { ...organisation, display: entry.organisation.name } },
    entity: [
      ...entities(entry),
      {
        detail: [
          { type: 'seq', valueString: String(seq) },
          { type: 'hash', valueString: hash },
        ],
      },
    ],
  }
}

/** HL7 v3 PurposeOfUse. */
function purposes({ purpose, emergency }: AuditEntry): object[] {
  const system = 'http://terminology.hl7.org/CodeSystem/v3-ActReason'
  const code = emergency ? 'BTG' : 'TREAT'
  return [{ coding: [{ system, code }], ...(purpose === undefined ? {} : { text: purpose.reason }) }]
}

function agents({ user, responsible, peer, protocol }: AuditEntry): object[] {
  const person = user && {
    type: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code: 'IRCP' }],
    },
    who: { identifier: { value: user.id }, display: user.name ?? user.id },
    requestor: true,
    ...(user.role === '' ? {} : { role: [{ text: user.role }] }),
    ...(protocol === undefined ? {} : { policy: [`urn:twiin:rule:${encodeURIComponent(protocol)}`] }),
  }
  const answers = responsible && {
    who: { identifier: { value: responsible.id }, display: responsible.name ?? responsible.id },
    requestor: false,
  }
  const other = peer && {
    who: { type: 'Organization', identifier: { system: uraSystem, value: peer.ura }, display: peer.name },
    requestor: false,
    network: { address: peer.peerId, type: '5' },
  }
  const found = [person, answers, other].filter((each) => each !== undefined)
  return found.length > 0 ? found : [{ who: { display: 'Twiin node' }, requestor: true }]
}

function entities({ patient, account, objects, requestId, consent }: AuditEntry): object[] {
  const type = (code: string) => ({ system: 'http://terminology.hl7.org/CodeSystem/audit-entity-type', code })
  const role = (code: string) => ({ system: 'http://terminology.hl7.org/CodeSystem/object-role', code })
  const identifier =
    patient?.citizenNumber === undefined
      ? { value: patient?.localId ?? '' }
      : { system: bsnSystem, value: patient.citizenNumber }
  return [
    ...(patient === undefined
      ? []
      : [{ what: { type: 'Patient', identifier }, type: type('1'), role: role('1') }]),
    // R4: system object, security user entity.
    ...(account === undefined
      ? []
      : [{ what: { identifier: { value: account } }, type: type('2'), role: role('11') }]),
    ...(objects?.studyInstanceUids ?? []).map((uid) => ({
      what: { type: 'ImagingStudy', identifier: { system: 'urn:dicom:uid', value: `urn:oid:${uid}` } },
      ...{ type: type('2'), role: role('3') },
      ...(objects?.count === undefined
        ? {}
        : { detail: [{ type: 'instances', valueString: String(objects.count) }] }),
    })),
    ...(consent === undefined ? [] : [{ type: type('2'), role: role('13'), description: consent }]),
    ...(requestId === undefined
      ? []
      : [{ what: { identifier: { value: requestId } }, type: type('4'), role: role('21') }]),
  ]
}
