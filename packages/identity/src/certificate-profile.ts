/** The certificate profile in constants: object identifiers, lifetimes, limits. spec 01 §3. */

export const oids = {
  country: '2.5.4.6',
  organisation: '2.5.4.10',
  commonName: '2.5.4.3',
  /** organizationIdentifier, ETSI EN 319 412-1 §5.1.4: here `URA:` and eight digits. */
  organisationIdentifier: '2.5.4.97',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  crlNumber: '2.5.29.20',
  nameConstraints: '2.5.29.30',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  sha256WithRsa: '1.2.840.113549.1.1.11',
  ed25519: '1.3.101.112',
} as const

/**
 * Our own extensions, each one UTF8String, under the UUID 4c0f3a52-7b0e-4d6e-9a55-2f1d8f6f1a37 (X.667).
 * pkijs shows an arc this long as the hexadecimal of its base-128 digits.
 */
const uuid = '101100395047081913553659489628617382455'
const uuidAsRead = '{01180f1d144f3072355d1a2a4b63587b3c3437}'
export const privateExtensions = {
  role: { oid: `2.25.${uuid}.1`, asRead: `2.25.${uuidAsRead}.1` },
  declaredPatients: { oid: `2.25.${uuid}.2`, asRead: `2.25.${uuidAsRead}.2` },
  agb: { oid: `2.25.${uuid}.3`, asRead: `2.25.${uuidAsRead}.3` },
} as const

const day = 24 * 60 * 60 * 1000

export const lifetimes = {
  years: { root: 10, issuing: 3 },
  node: 30 * day,
  /** Certificates are dated back, and clocks are believed, by this much. */
  tolerance: 5 * 60 * 1000,
} as const

export const patterns = {
  /** Number in the UZI register's list of subscribers, and in the AGB register: eight digits both. */
  ura: /^\d{8}$/,
  agb: /^\d{8}$/,
  organisation: /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,64}$/u,
  dnsName: /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$/,
} as const

/** At most this many patients can be declared: everyone in the country, with room. */
export const maxDeclaredPatients = 20_000_000

export const spiffeId = (trustDomain: string, ura: string, peerId: string): string =>
  `spiffe://${trustDomain}/ura/${ura}/peer/${peerId}`

export const isWithin = (trustDomain: string, dnsName: string): boolean =>
  patterns.dnsName.test(dnsName) && dnsName.endsWith(`.${trustDomain}`)
