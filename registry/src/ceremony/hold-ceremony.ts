import { randomBytes } from 'node:crypto'
import { access, mkdir } from 'node:fs/promises'
import { isIP } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { createWebCertificate, holdCeremony } from '@twiin/identity'
import { TwiinError } from '@twiin/runtime'
import { writeFileDurably } from '@twiin/store'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Check, Convert, Default, Errors } from 'typebox/value'
import { stringify } from 'yaml'
import { judgeSettings } from '../config/read-settings.ts'
import { ceremonyText, recordCeremony } from './ceremony-record.ts'
import type { CeremonyRecord } from './ceremony-record.ts'
import { makeKeys } from './keys.ts'

/** One ceremony, in one file that two people can review beforehand. */
export const CeremonyPlan = Type.Object(
  {
    /** Folder of the new registry. */
    dir: Type.String({ minLength: 1 }),
    trustDomain: Type.String({ default: 'twiin.example' }),
    organisation: Type.String({ default: 'Twiin registry' }),
    ura: Type.String({ pattern: '^\\d{8}$', default: '90000000' }),
    /** Host names and addresses of the HTTPS certificate. */
    hostnames: Type.Array(Type.String(), { minItems: 1, default: ['localhost', '127.0.0.1'] }),
    /** Who takes part, by role ("voorzitter"), not by name: the record is for everyone. */
    participants: Type.Array(Type.String({ pattern: '^[^\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]{1,80}$' }), {
      maxItems: 16,
      default: [],
    }),
    rootBits: Type.Integer({ minimum: 2048, maximum: 8192, default: 4096 }),
    issuingBits: Type.Integer({ minimum: 2048, maximum: 8192, default: 3072 }),
    http: Type.Optional(
      Type.Object({ host: Type.String(), port: Type.Integer() }, { additionalProperties: false }),
    ),
    listen: Type.Optional(Type.Array(Type.String())),
  },
  { additionalProperties: false },
)
export type CeremonyPlan = Static<typeof CeremonyPlan>

export interface CeremonyResult {
  readonly configFile: string
  readonly rootCertificate: string
  readonly webCaFile: string
  readonly offlineDir: string
  readonly tokenFiles: { readonly administrator: string; readonly approver: string }
  readonly peerId: string
  /** JSON; the same, to sign, is `ceremony-record.txt` in the offline folder. */
  readonly recordFile: string
  readonly record: CeremonyRecord
}

/**
 * Makes all keys of a registry in an empty folder and settings that name them. Nothing is overwritten: a second
 * ceremony on the same folder throws CEREMONY_HELD.
 */
export async function holdRegistryCeremony(
  plan: CeremonyPlan,
  passphrases: { root: string; issuing: string; issuingFile?: string },
  at: Date,
): Promise<CeremonyResult> {
  const dir = resolve(plan.dir)
  const configFile = join(dir, 'registry.yaml')
  const raw = rawSettings(plan, passphrases.issuingFile)
  const { authority, keys, http, tokens, dataDir, operator } = judgeSettings(raw, dir)
  const offlineDir = join(dir, 'offline')
  const recordFile = join(dirname(authority.issuingCertificate), 'ceremony.json')
  // The record too: the key may have been moved into an HSM since.
  for (const file of [authority.issuingKey, recordFile]) await mustBeAbsent(file)
  const files = [
    authority.issuingKey,
    keys.masterKey,
    http.key,
    tokens.approver,
    join(dataDir, 'x'),
    join(offlineDir, 'x'),
  ]
  for (const file of files) await mkdir(dirname(file), { recursive: true, mode: 0o700 })

  const { trustDomain, organisation, rootBits: rootKeyBits, issuingBits: issuingKeyBits } = plan
  const ca = await holdCeremony({ trustDomain, organisation, at, passphrases, rootKeyBits, issuingKeyBits })
  const write = (file: string, text: string, mode = 0o600) =>
    writeFileDurably(file, Buffer.from(text), { mode })
  await write(join(offlineDir, 'root-key.pem'), ca.rootKey)
  await write(join(offlineDir, 'README.txt'), offlineNote)
  await write(authority.rootCertificate, ca.rootCertificate, 0o644)
  await write(authority.issuingCertificate, ca.issuingCertificate, 0o644)

  const [commonName = 'localhost'] = plan.hostnames
  const ipAddresses = plan.hostnames.filter((name) => isIP(name) !== 0)
  const dnsNames = plan.hostnames.filter((name) => isIP(name) === 0)
  const web = await createWebCertificate({ commonName, dnsNames, ipAddresses, at })
  await write(http.caFile, web.caCertificate, 0o644)
  await write(http.certificate, web.certificate, 0o644)
  await write(http.key, web.key)

  const { peer, log } = await makeKeys(keys)
  for (const file of [tokens.administrator, tokens.approver])
    await write(file, `${randomBytes(24).toString('base64url')}\n`)
  await write(configFile, stringify(raw), 0o644)
  const { participants } = plan
  const { peerId } = peer
  const logPublicKey = log.publicKey
  const record = recordCeremony({ ...ca, at, trustDomain, operator, participants, logPublicKey, peerId })
  await write(join(offlineDir, 'ceremony-record.txt'), ceremonyText(record))
  await write(recordFile, `${JSON.stringify(record, null, 2)}\n`, 0o644)
  // Last: its presence says that the ceremony is complete.
  await write(authority.issuingKey, ca.issuingKey)
  return {
    configFile,
    rootCertificate: authority.rootCertificate,
    webCaFile: http.caFile,
    offlineDir,
    tokenFiles: tokens,
    peerId,
    recordFile,
    record,
  }
}

/** Only what differs from the defaults: the file stays short enough to read. */
function rawSettings(plan: CeremonyPlan, passphraseFile: string | undefined): Record<string, unknown> {
  return {
    trustDomain: plan.trustDomain,
    operator: { organisation: plan.organisation, ura: plan.ura },
    ...(passphraseFile !== undefined && { authority: { passphraseFile: resolve(passphraseFile) } }),
    ...(plan.http && { http: plan.http }),
    ...(plan.listen && { peer: { listen: plan.listen } }),
  }
}

async function mustBeAbsent(file: string): Promise<void> {
  const present = await access(file).then(
    () => true,
    () => false,
  )
  if (present) throw new TwiinError('CEREMONY_HELD', { file })
}

const offlineNote = `This folder holds the key of the network's root. Whoever has it and its passphrase can found a second network
that every node believes in.

Move the folder to two offline media in two safes now, with the passphrase apart from both, and delete it here.
The registry never reads it. It is needed once in three years, to certify a new issuing CA, and after a disaster.
`

/** Fills in the defaults; numbers may come as text, from the command line. Throws CEREMONY_PLAN_INVALID. */
export function readPlan(raw: object): CeremonyPlan {
  const plan: unknown = Convert(CeremonyPlan, Default(CeremonyPlan, structuredClone(raw)))
  if (Check(CeremonyPlan, plan)) return plan
  const [error] = Errors(CeremonyPlan, plan)
  throw new TwiinError('CEREMONY_PLAN_INVALID', { at: error?.instancePath || '/', problem: error?.message })
}
