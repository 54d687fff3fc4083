/**
 * Writes docs/settings.md from the schema of a node's settings; with `--check` only says whether it is as the schema has it.
 * A setting without a sentence is an error.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Settings } from '@twiin/node'

interface Schema {
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
  items?: Schema
  properties?: Record<string, Schema>
  required?: readonly string[]
}
interface Setting {
  path: string
  schema: Schema
  isRequired: boolean
}

const file = join(import.meta.dirname, '../docs/settings.md')
const code = (value: unknown) => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``

/** A list of objects stands before what is in it, as `path[]`; an object is named only when it may be left out. */
function* settingsOf(schema: Schema, prefix = ''): Generator<Setting> {
  for (const [key, inner] of Object.entries(schema.properties ?? {})) {
    const path = `${prefix}${key}`
    const isRequired = (schema.required ?? []).includes(key)
    if (inner.properties !== undefined) {
      if (!isRequired) yield { path, schema: inner, isRequired }
      yield* settingsOf(inner, `${path}.`)
    } else if (inner.items?.properties !== undefined) {
      yield { path: `${path}[]`, schema: inner, isRequired }
      yield* settingsOf(inner.items, `${path}[].`)
    } else yield { path, schema: inner, isRequired }
  }
}

function typeOf({ type, items, ...schema }: Schema): string {
  const choices = schema.enum ?? schema.anyOf?.map((one) => one.const)
  if (choices !== undefined) return choices.map(code).join(', ')
  if (type === 'array') {
    const most = schema.maxItems === undefined ? '' : `, at most ${schema.maxItems}`
    return `list of ${items?.properties === undefined ? typeOf(items ?? {}) : 'objects'}${most}`
  }
  if (type === 'boolean') return 'yes or no'
  if (type === 'object') return 'object'
  if (type === 'integer' || type === 'number') return `${schema.minimum ?? ''}–${schema.maximum ?? ''}`
  return schema.maxLength === undefined
    ? 'text'
    : `text, ${schema.minLength ?? 0}–${schema.maxLength} characters`
}

function defaultOf({ schema, isRequired }: Setting): string {
  if (schema.type !== 'object' && schema.default !== undefined) return code(schema.default)
  return isRequired ? '**required**' : '—'
}

function page(settings: readonly Setting[]): string {
  const rows = settings.map((setting) => {
    const { description = '' } = setting.schema
    const cells = [`\`${setting.path}\``, typeOf(setting.schema), defaultOf(setting), description]
    return `| ${cells.join(' | ')} |`
  })
  return `# Settings of a node

Written from [settings.ts](../node/src/config/settings.ts) by \`node scripts/settings-page.ts\`. What is **required** inside an object that may be left out, marked —, is so when the object is there. How to use them: [operations](operations.md).

| setting | type | default | |
|---|---|---|---|
${rows.join('\n')}
`
}

const settings = [...settingsOf(Settings as unknown as Schema)]
const silent = settings.filter(({ schema }) => (schema.description ?? '') === '')
if (silent.length > 0) {
  console.error(`no sentence says what these are: ${silent.map(({ path }) => path).join(', ')}`)
  process.exit(1)
}
const text = page(settings)
if (!process.argv.includes('--check')) writeFileSync(file, text)
else if (readFileSync(file, 'utf8') !== text) {
  console.error('docs/settings.md is not what the schema says: run `node scripts/settings-page.ts`')
  process.exit(1)
}
