import { Addresses, Mailboxes } from '@twiin/protocol'
import { PrefetchSettings } from '../prefetch/prefetch-settings.ts'
import { SignInSettings } from '../people/sign-in-settings.ts'
import { RoutingSettings } from '../routing/routing-settings.ts'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import { AccessSettings } from './access-settings.ts'
import { AuditSettings } from './audit-settings.ts'
import { DicomTlsSettings } from './dicom-tls-settings.ts'
import { ConsentSettings } from './consent-settings.ts'
import { Hl7Settings } from './hl7-settings.ts'
import { ShareSettings } from './share-settings.ts'

/** Every setting of a node, declared once: name, type, default, sentence. Unknown keys are errors (load-settings.ts). */

export const aeTitlePattern = '^[A-Za-z0-9_.\\- ]{1,16}$'
const closed = { additionalProperties: false }
const AeTitle = (description: string) =>
  Type.Refine(
    Type.String({ pattern: aeTitlePattern, description: `${description}; 1–16 characters` }),
    (value) => value.trim() !== '',
  )
const Port = (description: string) => Type.Integer({ minimum: 1, maximum: 65535, description })
const Host = (description: string) => Type.String({ default: '127.0.0.1', description })
const Ura = Type.String({ pattern: '^\\d{8}$', description: 'URA number of the organisation, eight digits' })
const Seconds = (description: string, value: number) =>
  Type.Number({ minimum: 0.05, maximum: 86_400, default: value, description })

const Tls = Type.Optional(Type.Boolean({ description: 'called over TLS, with what dicom.tls says' }))

/** The bounds of the announcement (spec 06 §2). */
const Mailbox = Mailboxes.items
const Destination = Type.Object(
  {
    aeTitle: AeTitle('AE title that sends there'),
    ura: Ura,
    mailbox: Type.Optional(Type.String({ ...Mailbox, description: 'its department' })),
    urgency: Type.Enum(['routine', 'urgent'], {
      default: 'routine',
      description: 'urgent goes before routine',
    }),
  },
  closed,
)

/** A system of this hospital that may query, or that studies may be moved to (spec 13 §2). */
const ApplicationEntity = Type.Object(
  {
    aeTitle: AeTitle('how it calls itself, and is called'),
    host: Type.String({ minLength: 1, maxLength: 255, description: 'name or address' }),
    port: Port('its DICOM port'),
    tls: Tls,
    query: Type.Boolean({ default: false, description: 'it may C-FIND, C-MOVE and C-GET here' }),
    moveDestination: Type.Boolean({ default: false, description: 'a C-MOVE may name it as destination' }),
    role: Type.Optional(
      Type.Enum(['radiologist'], { description: 'in which its queries also ask other hospitals' }),
    ),
    responsible: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 128,
        description: 'person or department that answers for its queries, on record at both ends',
      }),
    ),
  },
  closed,
)
export type ApplicationEntity = Static<typeof ApplicationEntity>

const TimeOfDay = Type.String({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$', description: 'HH:MM, Dutch time' })
const Whole = (description: string, value: number, maximum = 1_000_000) =>
  Type.Integer({ minimum: 1, maximum, default: value, description })

const Archive = Type.Object(
  {
    kind: Type.Enum(['dimse', 'dicomweb'], { description: 'how the archive is asked' }),
    retrieve: Type.Enum(['move', 'get', 'wado'], {
      description: 'how a study is fetched; wado goes with dicomweb, the others with dimse',
    }),
    url: Type.Optional(Type.String({ pattern: '^https?://', description: 'base of QIDO-RS and WADO-RS' })),
    authorizationFile: Type.Optional(
      Type.String({ description: 'file with the value of the Authorization header' }),
    ),
    host: Host('where it listens, with kind dimse'),
    port: Type.Optional(Port('its DICOM port')),
    tls: Tls,
    aeTitle: Type.Optional(AeTitle('its AE title')),
    callingAeTitle: Type.Optional(AeTitle('as what the node asks it; the own AE title when not given')),
    receiveAeTitle: Type.Optional(AeTitle('at which a C-MOVE from it arrives')),
    from: Type.String({
      pattern: '^\\d{4}-\\d{2}-\\d{2}$',
      default: '1990-01-01',
      description: 'first study date that is asked for',
    }),
    night: Type.Object(
      { from: TimeOfDay, until: TimeOfDay },
      { ...closed, default: { from: '22:00', until: '06:00' } },
    ),
    studiesPerSecond: Type.Object(
      { day: Whole('answers taken by day', 10), night: Whole('by night', 200) },
      { ...closed, default: {} },
    ),
    recentDays: Whole('study dates that are asked for again and again', 7, 365),
    recentMinutes: Whole('how often those', 10, 1440),
    passHours: Whole('how often everything', 24, 8760),
    cacheMiB: Whole('what was fetched, at most', 4096, 100_000_000),
    keepMinutes: Whole('how long it is kept after its last use', 60, 100_000),
    timeoutSeconds: Seconds('without progress', 60),
  },
  { ...closed, description: 'a PACS behind the node that is indexed, and asked on demand (spec 18)' },
)

export const Settings = Type.Object(
  {
    hospital: Type.Object(
      {
        name: Type.String({ minLength: 1, maxLength: 128, description: 'as others see it' }),
        ura: Ura,
        patientIdIssuer: Type.String({
          minLength: 1,
          maxLength: 64,
          description: 'issuer of the local patient numbers, used where a study names none',
        }),
      },
      closed,
    ),
    dataDir: Type.String({ minLength: 1, description: 'everything the node keeps; back this up' }),
    trust: Type.Object(
      {
        domain: Type.String({ minLength: 1, maxLength: 128, description: 'trust domain of the network' }),
        rootCertificateFile: Type.String({
          minLength: 1,
          description: 'root of the authority, PEM; handed over out of band',
        }),
      },
      closed,
    ),
    registry: Type.Object(
      {
        url: Type.String({ pattern: '^https://', description: 'HTTPS address of the registry' }),
        caFile: Type.String({ minLength: 1, description: 'CA of the web certificate of the registry, PEM' }),
        enrolmentTokenFile: Type.Optional(
          Type.String({ description: 'one-time token, read at the first start only' }),
        ),
        reportSeconds: Seconds('how often monthly counts are reported, when there is something new', 3600),
        refreshSeconds: Seconds(
          'pause before the network bundle is asked for again, when the registry failed or does not hold requests open',
          60,
        ),
      },
      closed,
    ),
    peer: Type.Object(
      {
        listen: Type.Array(Type.String(), { minItems: 1, description: 'multiaddrs to listen on' }),
        announce: Type.Array(Addresses.items, {
          maxItems: 8,
          default: [],
          description: 'multiaddrs others reach this node at',
        }),
        dialLoopback: Type.Boolean({
          default: false,
          description: 'other members are dialled at 127.0.0.1 or ::1 too: when all run on one machine',
        }),
        gossipSeconds: Seconds('pause between two comparisons of the network bundle with other members', 20),
      },
      closed,
    ),
    dicom: Type.Object(
      {
        host: Host('address to listen on'),
        port: Port('port to listen on'),
        tls: Type.Optional(DicomTlsSettings),
        aeTitle: AeTitle('what is stored at this one is kept here'),
        callingAeTitles: Type.Array(AeTitle('AE title'), {
          minItems: 1,
          description: 'who may store; anybody else is rejected',
        }),
        destinations: Type.Array(Destination, {
          default: [],
          description: 'called AE titles that stand for another hospital',
        }),
        applicationEntities: Type.Array(ApplicationEntity, {
          maxItems: 256,
          default: [],
          description: 'systems that may query, and those that studies may be moved to',
        }),
        querySeconds: Seconds('how long a query waits for other hospitals', 8),
        citizenNumberInLegacyField: Type.Array(AeTitle('AE title'), {
          default: [],
          description: 'calling AE titles whose (0010,1000) may hold a BSN',
        }),
      },
      closed,
    ),
    pacs: Type.Object(
      {
        host: Host('where studies are delivered'),
        port: Port('its DICOM port'),
        tls: Tls,
        aeTitle: AeTitle('its AE title'),
        callingAeTitle: AeTitle('as what the node calls it'),
        reports: Type.Object(
          {
            structuredReport: Type.Enum(['as-is', 'also-pdf', 'pdf-only'], {
              default: 'as-is',
              description: 'in which form structured reports from elsewhere are delivered',
            }),
          },
          { ...closed, default: {} },
        ),
        commitment: Type.Boolean({
          default: false,
          description: 'delivered only when the PACS committed itself to it (storage commitment)',
        }),
        commitmentSeconds: Seconds('how long the result of a commitment is waited for', 60),
      },
      closed,
    ),
    patients: Type.Object(
      {
        source: Type.Enum(['adt', 'pacs'], {
          default: 'adt',
          description:
            'who tells whose number is whose: the patient administration by HL7, or the PACS when asked',
        }),
        level: Type.Enum(['patient', 'study'], {
          default: 'patient',
          description: 'level at which the PACS is asked; study where it tells a BSN only there',
        }),
        querySeconds: Seconds('how long one question to the PACS may take', 10),
      },
      { ...closed, default: {} },
    ),
    archive: Type.Optional(Archive),
    hl7: Type.Optional(Hl7Settings),
    consent: ConsentSettings,
    access: AccessSettings,
    web: Type.Object(
      {
        host: Host('address to listen on'),
        port: Port('HTTPS port of pages, API and DICOMweb'),
        publicUrl: Type.Optional(
          Type.String({
            pattern: '^https://[^/?#\\s]{1,255}/?$',
            description:
              'address at which people reach it, for passkeys, log-in elsewhere, launches and the name in the self-made certificate; https://localhost and the port when not given',
          }),
        ),
        corsOrigins: Type.Array(Type.String({ pattern: '^https?://[^/*\\s]{1,255}$' }), {
          maxItems: 32,
          default: [],
          description: 'origins whose pages may call /dicom-web with a token: a viewer of its own',
        }),
        ohifUrl: Type.Optional(
          Type.String({
            pattern: '^https?://[^\\s?#"\'<>]{1,255}$',
            description:
              'address of an OHIF of its own, up to `/viewer`; its origin stands in corsOrigins too',
          }),
        ),
      },
      closed,
    ),
    peopleFile: Type.String({
      minLength: 1,
      description: 'users and API tokens, written by `twiin-node users` and `tokens`',
    }),
    signIn: SignInSettings,
    mailboxes: Type.Array(Mailbox, {
      maxItems: 64,
      default: [],
      description: 'departments others can address',
    }),
    index: Type.Object(
      { antiEntropySeconds: Seconds('pause between two rounds of repair', 60) },
      { ...closed, default: {} },
    ),
    transfer: Type.Object(
      {
        lanes: Type.Integer({
          minimum: 1,
          maximum: 8,
          default: 1,
          description: 'connections for one study; more helps on lossy lines',
        }),
        memoryMiB: Type.Integer({
          minimum: 16,
          maximum: 4096,
          default: 64,
          description: 'buffers of all transfers together',
        }),
        concurrent: Type.Integer({
          minimum: 1,
          maximum: 64,
          default: 4,
          description: 'transfers received at the same time',
        }),
        retrySeconds: Seconds('first pause after a failed try; doubles up to an hour', 2),
      },
      { ...closed, default: {} },
    ),
    audit: AuditSettings,
    routing: RoutingSettings,
    prefetch: Type.Optional(PrefetchSettings),
    share: Type.Optional(ShareSettings),
    storage: Type.Object(
      {
        reserveMiB: Type.Integer({
          minimum: 1,
          maximum: 1_000_000,
          default: 512,
          description: 'free space below which nothing is accepted',
        }),
      },
      { ...closed, default: {} },
    ),
    disc: Type.Object(
      {
        maxGiB: Type.Number({
          minimum: 0.001,
          maximum: 200,
          default: 20,
          description: 'largest disc that may be sent here; together twice as much may wait',
        }),
      },
      { ...closed, default: {} },
    ),
    demo: Type.Boolean({
      default: false,
      description: 'shows on every page that no real patients are in it',
    }),
    log: Type.Object(
      {
        level: Type.Enum(['debug', 'info', 'warn', 'error'], {
          default: 'info',
          description: 'least level that is logged',
        }),
      },
      { ...closed, default: {} },
    ),
  },
  closed,
)
export type Settings = Static<typeof Settings>
