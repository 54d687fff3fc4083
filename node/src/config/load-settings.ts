import { readFileSync } from 'node:fs'
import { dirname, isAbsolute, resolve } from 'node:path'
import { codeOf, singleLine, TwiinError } from '@twiin/runtime'
import { Default } from 'typebox/value'
import { parse } from 'yaml'
import { addressErrors } from './check-addresses.ts'
import { ruleErrors } from './check-rules.ts'
import { shareErrors } from './check-share.ts'
import { tlsErrors } from './check-tls.ts'
import { settingsErrors } from './describe-errors.ts'
import { Settings } from './settings.ts'
import { withAbsoluteShareFiles } from './share-settings.ts'

/**
 * Reads the configuration file, fills in defaults and lets the environment override single values:
 * `TWIIN_WEB__PORT=8443` sets `web.port`. Relative paths are relative to the file.
 * Throws `CONFIG_UNREADABLE` or `CONFIG_INVALID` naming each wrong key.
 */
export function loadSettings(file: string, env: NodeJS.ProcessEnv = process.env): Settings {
  const tree = withEnvironment(readYaml(file), env)
  const settings = Default(Settings, tree) as Settings
  const errors = settingsErrors(settings)
  if (errors.length > 0) throw new TwiinError('CONFIG_INVALID', { file, errors: errors.join('; ') })
  const disagreeing = [
    ...addressErrors(settings),
    ...tlsErrors(settings),
    ...ruleErrors(settings),
    ...shareErrors(settings),
  ]
  if (disagreeing.length > 0) throw new TwiinError('CONFIG_INVALID', { file, errors: disagreeing.join('; ') })
  return withAbsolutePaths(settings, dirname(resolve(file)))
}

function readYaml(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8')) ?? {}
  } catch (cause) {
    throw new TwiinError('CONFIG_UNREADABLE', { file, reason: reasonOf(cause) }, { cause })
  }
}

/** `ENOENT`, or what the parser says and in which line. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return codeOf(cause)
  return cause.name === 'YAMLParseError' ? singleLine(cause.message.split('\n')[0] ?? '') : codeOf(cause)
}

function withEnvironment(tree: unknown, env: NodeJS.ProcessEnv): unknown {
  const result = structuredClone(tree)
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || !setsSomething(name)) continue
    const path = name.slice('TWIIN_'.length).split('__').map(camelCase)
    let at = branch(result, name)
    for (const key of path.slice(0, -1)) at = Object.hasOwn(at, key) ? branch(at[key], name) : (at[key] = {})
    at[path.at(-1) ?? ''] =
      /^\d+$/.test(value) && !/^0\d/.test(value) && value.length < 8 ? Number(value) : value
  }
  return result
}

/** `TWIIN_` variables that are no setting: another program's, or mistyped (`TWIIN_WEBPORT`). */
export const ignoredVariables = (env: NodeJS.ProcessEnv = process.env): string[] =>
  Object.keys(env).filter((name) => name.startsWith('TWIIN_') && !setsSomething(name))

/** With `__` it is meant for us, and judged with the rest; without, only the name of a setting is: `TWIIN_DATA_DIR`. */
function setsSomething(name: string): boolean {
  if (!name.startsWith('TWIIN_')) return false
  return name.includes('__') || Object.hasOwn(Settings.properties, camelCase(name.slice('TWIIN_'.length)))
}

function branch(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  throw new TwiinError('CONFIG_INVALID', { variable: name })
}

function camelCase(word: string): string {
  return word.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

function withAbsolutePaths(settings: Settings, base: string): Settings {
  const absolute = (path: string) => (isAbsolute(path) ? path : resolve(base, path))
  const { registry, archive, dicom, hl7, signIn, consent, audit, share } = settings
  return {
    ...settings,
    dataDir: absolute(settings.dataDir),
    peopleFile: absolute(settings.peopleFile),
    ...(archive?.authorizationFile === undefined
      ? {}
      : { archive: { ...archive, authorizationFile: absolute(archive.authorizationFile) } }),
    ...(dicom.tls === undefined ? {} : { dicom: { ...dicom, tls: absoluteFiles(dicom.tls, absolute) } }),
    ...(hl7?.tls === undefined ? {} : { hl7: { ...hl7, tls: absoluteFiles(hl7.tls, absolute) } }),
    ...(signIn.oidc === undefined
      ? {}
      : {
          signIn: {
            ...signIn,
            oidc: { ...signIn.oidc, clientSecretFile: absolute(signIn.oidc.clientSecretFile) },
          },
        }),
    consent: consent.mitz === undefined ? {} : { mitz: absoluteFiles(consent.mitz, absolute) },
    ...(audit.syslog === undefined
      ? {}
      : { audit: { ...audit, syslog: absoluteFiles(audit.syslog, absolute) } }),
    ...(share === undefined ? {} : { share: withAbsoluteShareFiles(share, absolute) }),
    trust: { ...settings.trust, rootCertificateFile: absolute(settings.trust.rootCertificateFile) },
    registry: {
      ...registry,
      caFile: absolute(registry.caFile),
      ...(registry.enrolmentTokenFile === undefined
        ? {}
        : { enrolmentTokenFile: absolute(registry.enrolmentTokenFile) }),
    },
  }
}

/** Certificates and keys, whichever of them are given. */
function absoluteFiles<
  T extends { certificateFile?: string; keyFile?: string; caFile?: string; clientCaFile?: string },
>(tls: T, absolute: (path: string) => string): T {
  const given = (['certificateFile', 'keyFile', 'caFile', 'clientCaFile'] as const).flatMap((name) => {
    const file = tls[name]
    return file === undefined ? [] : [[name, absolute(file)] as const]
  })
  return { ...tls, ...Object.fromEntries(given) }
}
