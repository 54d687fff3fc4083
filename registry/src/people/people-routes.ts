import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { RecordedPeople } from './record-people.ts'
import { roles } from './staff.ts'

const Shown = Type.Object({ id: Type.String(), role: Type.Enum([...roles]) })

/** Who works here, by pseudonym: names stand in the accounts file only. spec 06 §4 */
export function peopleRoutes(people: Pick<RecordedPeople, 'list'>): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/people',
      { config: { staffOnly: true }, schema: { response: { 200: Type.Array(Shown) } } },
      () => people.list(),
    )
  }
}
