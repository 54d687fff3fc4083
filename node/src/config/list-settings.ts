import { basename } from 'node:path'
import { Settings } from './settings.ts'

/** What the JSON Schema of a setting says, as far as somebody reads it. */
export interface SettingSchema {
  type?: string
  description?: string
  default?: unknown
  enum?: readonly unknown[]
  anyOf?: readonly { const?: unknown }[]
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  items?: SettingSchema
  properties?: Record<string, SettingSchema>
  required?: readonly string[]
}

export interface SchemaOfSetting {
  path: string
  schema: SettingSchema
  isRequired: boolean
}

/** A list of objects stands before what is in it, as `path[]`; an object is named only when it may be left out. */
export function* schemasOfSettings(
  schema = Settings as unknown as SettingSchema,
  prefix = '',
): Generator<SchemaOfSetting> {
  for (const [key, inner] of Object.entries(schema.properties ?? {})) {
    const path = `${prefix}${key}`
    const isRequired = (schema.required ?? []).includes(key)
    if (inner.properties !== undefined) {
      if (!isRequired) yield { path, schema: inner, isRequired }
      yield* schemasOfSettings(inner, `${path}.`)
    } else if (inner.items?.properties !== undefined) {
      yield { path: `${path}[]`, schema: inner, isRequired }
      yield* schemasOfSettings(inner.items, `${path}[].`)
    } else yield { path, schema: inner, isRequired }
  }
}

export interface EffectiveSetting {
  path: string
  description: string
  /** As it counts now; absent when it is not set and has no default. */
  value?: unknown
  isDefault: boolean
}

/** Files that hold a secret are named without their folder. */
const secretFile = /(token|key|authorization|password|secret)file$/i

/** What this node runs with, each with its sentence; lists of objects as they are. No setting holds a secret itself. */
export function effectiveSettings(settings: Settings): EffectiveSetting[] {
  const listed: EffectiveSetting[] = []
  for (const { path, schema } of schemasOfSettings()) {
    // What stands in the objects of a list is shown with the list; an object by its own settings.
    if (path.includes('[].') || schema.properties !== undefined) continue
    const value = valueAt(settings, path.replace('[]', ''))
    const isDefault = JSON.stringify(value) === JSON.stringify(schema.default)
    listed.push({
      ...{ path: path.replace('[]', ''), description: schema.description ?? '', isDefault },
      ...(value === undefined ? {} : { value: masked(path, value) }),
    })
  }
  return listed
}

function valueAt(settings: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (at, key) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined),
      settings,
    )
}

const masked = (path: string, value: unknown) =>
  typeof value === 'string' && secretFile.test(path) ? `…/${basename(value)}` : value
