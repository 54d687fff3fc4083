import { Type } from 'typebox'
import type { Static } from 'typebox'

const closed = { additionalProperties: false }
const File = (description: string) => Type.String({ minLength: 1, maxLength: 1024, description })
const Text = (description: string) => Type.String({ minLength: 1, maxLength: 255, description })
const Port = (description: string, value?: number) =>
  Type.Integer({
    ...{ minimum: 1, maximum: 65535, description },
    ...(value === undefined ? {} : { default: value }),
  })
const Days = (description: string, value: number, { minimum = 1, maximum = 90 } = {}) =>
  Type.Integer({ minimum, maximum, default: value, description })

const Mail = Type.Object(
  {
    host: Text('SMTP server of the hospital'),
    port: Port('its port', 587),
    secure: Type.Boolean({
      default: false,
      description: 'TLS from the first byte; otherwise STARTTLS, which is required unless it is this machine',
    }),
    from: Text('address the mail comes from'),
    user: Type.Optional(Text('as whom the node logs in there')),
    passwordFile: Type.Optional(File('file with the password of that user')),
    caFile: Type.Optional(File('CA of its certificate, PEM, where this machine would not know it')),
  },
  { ...closed, description: 'how links are mailed; without it only letters are made' },
)

const Sms = Type.Object(
  {
    kind: Type.Enum(['http', 'folder'], {
      description: 'a gateway that takes POST of JSON, or a folder, for a demo',
    }),
    url: Type.Optional(
      Type.String({
        pattern: '^(https://|http://(127\\.0\\.0\\.1|localhost)(:|/|$))',
        maxLength: 1024,
        description: 'address of the gateway, with kind http; without TLS on this machine only',
      }),
    ),
    authorizationFile: Type.Optional(File('file with the value of the Authorization header')),
    dir: Type.Optional(File('the folder, with kind folder')),
  },
  { ...closed, description: 'how codes are sent to a telephone; without it no share has that factor' },
)

const Oidc = Type.Object(
  {
    issuer: Type.String({
      pattern: '^(https://|http://(127\\.0\\.0\\.1|localhost)(:|/|$))',
      maxLength: 1024,
      description: 'address of the broker; without TLS on this machine only',
    }),
    clientId: Text('as what the node is known there'),
    clientSecretFile: File('file with the secret of the client'),
    bsnClaim: Text('claim of the ID token that holds the BSN'),
    acrValues: Type.Optional(
      Type.Array(Type.String({ pattern: '^[!-~]{1,255}$' }), {
        minItems: 1,
        maxItems: 8,
        description:
          'levels of assurance that do, one at least, to the letter as the broker names them in the claim acr, without spaces; not looked at when not given',
      }),
    ),
    label: Text('what recipients know it by, such as DigiD'),
    simulator: Type.Boolean({ default: false, description: 'it is none in truth, and every page says so' }),
    caFile: Type.Optional(File('CA of its web certificate, PEM, where browsers would not know it')),
  },
  { ...closed, description: 'broker that says who a patient is (OpenID Connect)' },
)

/** Shares for patients, and for who has no node (spec 25). Without it no port is opened. */
export const ShareSettings = Type.Object(
  {
    host: Type.String({
      minLength: 1,
      maxLength: 255,
      default: '127.0.0.1',
      description: 'address to listen on',
    }),
    port: Port('HTTPS port of the pages that patients see'),
    publicUrl: Type.String({
      pattern: '^https://[^/?#\\s]{1,255}/?$',
      description: 'address at which they reach it; an origin of its own',
    }),
    certificateFile: Type.Optional(
      File('certificate with its intermediates, PEM; one is made when not given'),
    ),
    keyFile: Type.Optional(File('its key, PEM')),
    trustedProxies: Type.Array(Type.String({ minLength: 2, maxLength: 50 }), {
      maxItems: 16,
      default: [],
      description:
        'addresses or networks (CIDR) of proxies that end TLS and say in X-Forwarded-For for whom they ask',
    }),
    postsPerMinute: Type.Integer({
      minimum: 60,
      maximum: 1_000_000,
      default: 600,
      description: 'forms that one client network may send in a minute',
    }),
    connectionsPerNetwork: Type.Integer({
      minimum: 10,
      maximum: 2_000,
      default: 400,
      description: 'connections that one client network may have at once; in all there are 2,000',
    }),
    helpPhone: Type.String({
      pattern: '^[0-9+() -]{3,40}$',
      description: 'number that recipients call for help',
    }),
    validDays: Days('how long a share is open when nobody says otherwise', 14),
    reportDelayDays: Days(
      'how old a report is before the patient sees it, unless it was discussed; 0 for at once',
      7,
      { minimum: 0 },
    ),
    keepDays: Days('how long staff see a share that is over', 400, { maximum: 3650 }),
    mail: Type.Optional(Mail),
    sms: Type.Optional(Sms),
    oidc: Type.Optional(Oidc),
  },
  {
    ...closed,
    description: 'shares for patients, on a port of its own (spec 25); without it there are none',
  },
)
export type ShareSettings = Static<typeof ShareSettings>

/** The files it names, by the name of the setting. A folder for codes is made when it is not there. */
export const shareFiles = ({ share }: { share?: ShareSettings }): Record<string, string> =>
  Object.fromEntries(
    [
      ['share.certificateFile', share?.certificateFile] as const,
      ['share.keyFile', share?.keyFile] as const,
      ['share.mail.passwordFile', share?.mail?.passwordFile] as const,
      ['share.mail.caFile', share?.mail?.caFile] as const,
      ['share.sms.authorizationFile', share?.sms?.authorizationFile] as const,
      ['share.oidc.clientSecretFile', share?.oidc?.clientSecretFile] as const,
      ['share.oidc.caFile', share?.oidc?.caFile] as const,
    ].flatMap(([setting, file]) => (file === undefined ? [] : [[setting, file] as const])),
  )

/** Paths in it are relative to the file of the settings. */
export function withAbsoluteShareFiles(
  share: ShareSettings,
  absolute: (path: string) => string,
): ShareSettings {
  const { mail, sms, oidc } = share
  return {
    ...share,
    ...given({ certificateFile: share.certificateFile, keyFile: share.keyFile }, absolute),
    ...(mail === undefined
      ? {}
      : { mail: { ...mail, ...given({ passwordFile: mail.passwordFile, caFile: mail.caFile }, absolute) } }),
    ...(sms === undefined
      ? {}
      : { sms: { ...sms, ...given({ authorizationFile: sms.authorizationFile, dir: sms.dir }, absolute) } }),
    ...(oidc === undefined
      ? {}
      : {
          oidc: {
            ...oidc,
            clientSecretFile: absolute(oidc.clientSecretFile),
            ...given({ caFile: oidc.caFile }, absolute),
          },
        }),
  }
}

const given = <K extends string>(
  files: Record<K, string | undefined>,
  absolute: (path: string) => string,
): Partial<Record<K, string>> =>
  Object.fromEntries(
    Object.entries<string | undefined>(files).flatMap(([name, file]) =>
      file === undefined ? [] : [[name, absolute(file)]],
    ),
  ) as Partial<Record<K, string>>
