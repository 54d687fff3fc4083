import { Errors } from 'typebox/value'
import { Settings, aeTitlePattern } from './settings.ts'

type Failure = ReturnType<typeof Errors>[number]

/** What is wrong in a configuration, one sentence each, for whoever wrote it: where, and what would be right. */
export function settingsErrors(settings: unknown): string[] {
  // Of an unknown key its parent tells; what TypeBox says of the key itself ("schema is false") helps nobody.
  const telling = Errors(Settings, settings).filter(({ keyword }) => keyword !== 'boolean')
  return telling.map((error) => `${error.instancePath || '/'} ${describe(error, settings)}`)
}

function describe(error: Failure, settings: unknown): string {
  const { keyword, message, instancePath, schemaPath } = error
  const params = error.params as Record<string, unknown>
  switch (keyword) {
    case 'type':
      return params['type'] === 'string' && typeof at(settings, instancePath) === 'number'
        ? `${message} (write it in quotes)`
        : message
    case 'enum':
      return `must be one of: ${(params['allowedValues'] as unknown[]).join(', ')}`
    case 'pattern':
    case '~refine':
      return isAeTitle(at(Settings, schemaPath.slice(1)))
        ? 'must be 1 to 16 characters: an AE title'
        : message
    case 'additionalProperties':
      return `${message}: ${(params['additionalProperties'] as string[])
        .map((key) => `${key}${meant(key, at(Settings, `${schemaPath.slice(1)}/properties`))}`)
        .join(', ')}`
    default:
      return message
  }
}

const isAeTitle = (schema: unknown) =>
  typeof schema === 'object' && schema !== null && 'pattern' in schema && schema.pattern === aeTitlePattern

/** What stands at a JSON pointer (RFC 6901). */
function at(tree: unknown, pointer: string): unknown {
  const keys = pointer.split('/').slice(1)
  return keys.reduce<unknown>((now, key) => {
    const name = key.replaceAll('~1', '/').replaceAll('~0', '~')
    return typeof now === 'object' && now !== null && Object.hasOwn(now, name)
      ? (now as Record<string, unknown>)[name]
      : undefined
  }, tree)
}

/** A known key that differs by case, or by two letters at most. */
function meant(key: string, known: unknown): string {
  const [nearest] = Object.keys(known ?? {})
    .map((name) => ({ name, far: distance(key.slice(0, 64).toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, far }) => far <= 2 && far < name.length / 2)
    .sort((a, b) => a.far - b.far)
  return nearest === undefined ? '' : ` (did you mean ${nearest.name}?)`
}

/** Letters to add, leave out or replace to make one of the other (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, i) => i)
  for (const [i, letter] of [...one].entries()) {
    const next = [i + 1]
    for (let j = 0; j < other.length; j++) {
      const replaced = (row[j] ?? 0) + Number(letter !== other[j])
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[other.length] ?? 0
}
