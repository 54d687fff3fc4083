import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { Convert, Default } from 'typebox/value'

/**
 * Judges requests by their TypeBox schema. Query and path are text, so they are converted and get their defaults;
 * a body has to be right as it is.
 */
export const validateBySchema: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const shape = Compile(schema)
  return (given: unknown) => {
    const value = httpPart === 'body' ? given : Default(schema, Convert(schema, { ...(given as object) }))
    if (shape.Check(value)) return { value }
    const [first] = shape.Errors(value)
    // Where it is wrong and what is missing, never what stood there.
    const missing = first?.keyword === 'required' ? first.params.requiredProperties.slice(0, 1) : []
    const instancePath = [first?.instancePath ?? '', ...missing].join('/')
    const problem = { instancePath, keyword: first?.keyword ?? '' }
    return {
      error: Object.assign(new Error('validation'), { validation: [problem], validationContext: httpPart }),
    }
  }
}
