import { readFileSync } from 'node:fs'
import { dirname, isAbsolute, resolve } from 'node:path'
import { TwiinError } from '@twiin/runtime'
import { Default, Errors } from 'typebox/value'
import { parse } from 'yaml'
import { Settings } from './settings.ts'

/**
 * Reads the configuration file, fills in defaults and lets the environment override single values:
 * `TWIIN_WEB__PORT=8443` sets `web.port`. Relative paths are relative to the file.
 * Throws `CONFIG_UNREADABLE` or `CONFIG_INVALID` naming each wrong key.
 */
export function loadSettings(file: string, env: NodeJS.ProcessEnv = process.env): Settings {
  const tree = withEnvironment(readYaml(file), env)
  const settings = Default(Settings, tree) as Settings
  const errors = Errors(Settings, settings)
  if (errors.length > 0) {
    const list = errors.map(
      (error) => `${error.instancePath || '/'} ${error.message}${nameUnknownKeys(error.params)}`,
    )
    throw new TwiinError('CONFIG_INVALID', { file, errors: list.join('; ') })
  }
  return withAbsolutePaths(settings, dirname(resolve(file)))
}

function readYaml(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8')) ?? {}
  } catch (cause) {
    throw new TwiinError('CONFIG_UNREADABLE', { file }, { cause })
  }
}

function nameUnknownKeys(params: unknown): string {
  const keys = (params as { additionalProperties?: string[] }).additionalProperties
  return keys === undefined ? '' : `: ${keys.join(', ')}`
}

function withEnvironment(tree: unknown, env: NodeJS.ProcessEnv): unknown {
  const result = structuredClone(tree)
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('TWIIN_') || value === undefined || !name.includes('__')) continue
    const path = name.slice('TWIIN_'.length).split('__').map(camelCase)
    let at = branch(result, name)
    for (const key of path.slice(0, -1)) at = Object.hasOwn(at, key) ? branch(at[key], name) : (at[key] = {})
    at[path.at(-1) ?? ''] =
      /^\d+$/.test(value) && !/^0\d/.test(value) && value.length < 8 ? Number(value) : value
  }
  return result
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
  const { registry } = settings
  return {
    ...settings,
    dataDir: absolute(settings.dataDir),
    peopleFile: absolute(settings.peopleFile),
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
