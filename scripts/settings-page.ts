/**
 * Writes docs/settings.md from the schema of a node's settings; with `--check` only says whether it is as the schema has it.
 * A setting without a sentence is an error.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { schemasOfSettings } from '@twiin/node'
import type { SchemaOfSetting, SettingSchema } from '@twiin/node'

const file = join(import.meta.dirname, '../docs/settings.md')
const code = (value: unknown) => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``

function typeOf({ type, items, ...schema }: SettingSchema): string {
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

function defaultOf({ schema, isRequired }: SchemaOfSetting): string {
  if (schema.type !== 'object' && schema.default !== undefined) return code(schema.default)
  return isRequired ? '**required**' : '—'
}

function page(settings: readonly SchemaOfSetting[]): string {
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

const settings = [...schemasOfSettings()]
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
