import { Type } from 'typebox'
import type { Static, TObject, TProperties } from 'typebox'

/** Every setting, once: type, default, sentence. Unknown keys are errors. Paths are relative to the settings file. */

const section = <P extends TProperties>(
  properties: P,
  options: { default?: object; description?: string } = {},
) => Type.Object(properties, { additionalProperties: false, ...options })
const Path = (description: string, fallback?: string) =>
  Type.String({ minLength: 1, description, ...(fallback && { default: fallback }) })
const Quota = (description: string, fallback?: number) =>
  Type.Integer({ minimum: 0, maximum: 100_000_000, description, ...(fallback && { default: fallback }) })

export const Settings = section({
  dataDir: Path('Ledger, quota counters, evaluation records, runtime.json.', 'data'),
  trustDomain: Type.String({
    pattern: '^(?=.{3,128}$)([a-z0-9-]+\\.)+[a-z0-9-]+$',
    description: 'Every certificate of this network falls under it.',
  }),
  operator: section(
    { organisation: Type.String({ minLength: 1, maxLength: 64 }), ura: Type.String({ pattern: '^\\d{8}$' }) },
    { description: 'In the certificate of the registry itself, a token keeper.' },
  ),
  authority: section(
    {
      rootCertificate: Path('PEM.', 'authority/root.pem'),
      issuingCertificate: Path('PEM.', 'authority/issuing.pem'),
      issuingKey: Path('Encrypted PKCS #8.', 'authority/issuing-key.pem'),
      passphraseFile: Type.Optional(Path('Opens issuingKey; without it TWIIN_ISSUING_PASSPHRASE does.')),
      signerModule: Type.Optional(
        Path(
          'ES module that signs instead of issuingKey, such as one for an HSM. It runs inside the registry.',
        ),
      ),
      signerOptions: Type.Optional(
        Type.Record(Type.String(), Type.Unknown(), { description: 'Handed to signerModule as they are.' }),
      ),
    },
    { default: {} },
  ),
  keys: section(
    {
      masterKey: Path('Seals the three keys below and the quota counters.', 'keys/master.key'),
      peerKey: Path('Sealed Ed25519 seed of the registry as a peer.', 'keys/peer.sealed'),
      keeperKey: Path('Sealed share of the token key.', 'keys/keeper.sealed'),
      logKey: Path('Sealed Ed25519 seed that signs the checkpoints of the log.', 'keys/log.sealed'),
    },
    { default: {} },
  ),
  http: section(
    {
      host: Type.String({ default: '127.0.0.1' }),
      port: Type.Integer({ minimum: 0, maximum: 65_535, default: 8443, description: '0: any free port.' }),
      url: Type.Optional(
        Type.String({ format: 'url', description: 'How others reach it, when not by host and port.' }),
      ),
      certificate: Path('PEM, for browsers and nodes.', 'web/certificate.pem'),
      key: Path('PEM.', 'web/key.pem'),
      caFile: Path('PEM: what clients trust.', 'web/ca.pem'),
      enrolmentsPerMinute: Type.Integer({ minimum: 1, default: 60, description: 'From one address.' }),
      applicationsPerHour: Type.Integer({ minimum: 1, default: 5, description: 'Of strangers, likewise.' }),
    },
    { default: {} },
  ),
  peer: section(
    {
      listen: Type.Array(Type.String(), {
        minItems: 1,
        default: ['/ip4/127.0.0.1/tcp/4001'],
        description: 'Multiaddrs.',
      }),
      announce: Type.Array(Type.String(), { default: [], description: 'Told to nodes instead, behind NAT.' }),
      dialLoopback: Type.Boolean({
        default: false,
        description: 'Members are tested at 127.0.0.1 or ::1 too: when all run on one machine.',
      }),
    },
    { default: {} },
  ),
  tokens: section(
    {
      administrator: Path('File with the bearer token of the one person.', 'tokens/administrator'),
      approver: Path('File with the bearer token of the other.', 'tokens/approver'),
    },
    { default: {} },
  ),
  peopleFile: Path('Accounts of the people who log in, written by `twiin-registry people`.', 'people.json'),
  quotas: section(
    {
      node: Quota('Token evaluations a day for one clinic.', 5_000),
      user: Quota('Lookups a day for one user of a clinic.', 200),
      clinics: Type.Record(Type.String({ pattern: '^\\d{8}$' }), Quota('For this URA number instead.'), {
        default: {},
      }),
    },
    { default: {} },
  ),
  storage: section(
    {
      reserveMiB: Type.Integer({
        minimum: 0,
        maximum: 1_048_576,
        default: 256,
        description: 'Room on the disk that is left to the ledger: with less, no tokens are evaluated.',
      }),
    },
    { default: {} },
  ),
  index: section(
    {
      epoch: Type.Integer({ minimum: 1, maximum: 1_000_000, default: 1 }),
      replicas: Type.Integer({ minimum: 1, maximum: 255, default: 7 }),
    },
    { default: {} },
  ),
  bundle: section(
    {
      refreshMinutes: Type.Integer({
        minimum: 1,
        maximum: 1_440,
        default: 60,
        description: 'A new version at the latest after.',
      }),
      gatherMs: Type.Integer({
        minimum: 0,
        maximum: 5_000,
        default: 200,
        description: 'Changes within this time share a version. Revocations never wait.',
      }),
    },
    { default: {} },
  ),
  selfTest: section(
    {
      references: Type.Array(Type.String({ pattern: '^\\d{8}$' }), {
        default: [],
        description: 'URA numbers of members that others are tested with; empty: any that exchanges.',
      }),
      retrySeconds: Type.Integer({
        minimum: 1,
        maximum: 3_600,
        default: 30,
        description: 'Pause before a member in testing is tried again; doubles up to an hour.',
      }),
    },
    { default: {} },
  ),
  statistics: section(
    {
      hospitals: Type.Integer({
        minimum: 0,
        maximum: 10_000,
        default: 0,
        description: 'Hospitals in the country, for “65 of 74”; members count when they are more.',
      }),
      studiesPerDisc: Type.Number({
        minimum: 0.1,
        maximum: 100,
        default: 1,
        description: 'How many exchanged studies are taken to replace one disc; stands on the public page.',
      }),
      replay: Type.Boolean({
        default: false,
        description: 'Shows the spring of 2021 on the public page, as a labelled simulation.',
      }),
    },
    { default: {} },
  ),
  log: section(
    {
      level: Type.Union(
        [Type.Literal('debug'), Type.Literal('info'), Type.Literal('warn'), Type.Literal('error')],
        {
          default: 'info',
        },
      ),
      foundingDays: Type.Integer({
        minimum: 1,
        maximum: 365,
        default: 30,
        description:
          'Of a new network: cosignatures are asked for at the latest after. Once in its first line.',
      }),
      foundingGraceSeconds: Type.Integer({
        minimum: 0,
        maximum: 86_400,
        default: 600,
        description: 'Founding ends so long after the first three witnesses, for nodes to learn of them.',
      }),
      openMs: Type.Integer({
        minimum: 1,
        maximum: 60_000,
        default: 1_500,
        description: 'A checkpoint waits so long for its cosignatures before the next one is opened.',
      }),
      gatherMs: Type.Integer({
        minimum: 0,
        maximum: 5_000,
        default: 300,
        description: 'Lines without a bundle wait so long for more before a checkpoint is opened over them.',
      }),
      restoredWaitSeconds: Type.Integer({
        minimum: 0,
        maximum: 86_400,
        default: 300,
        description:
          'A registry restored from a backup only reads until witnesses had so long to say they know more.',
      }),
      requestsPerMinute: Type.Integer({
        minimum: 1,
        default: 3_000,
        description: 'Of one address, for each kind of question to the log.',
      }),
    },
    { default: {} },
  ),
}) satisfies TObject

export type Settings = Static<typeof Settings>
