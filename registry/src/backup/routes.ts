import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Store } from '@twiin/store'
import type { Books } from '../ledger/books.ts'
import type { TransparencyLog } from '../log/transparency-log.ts'
import { ledgerStateOf } from './ledger-state.ts'

/**
 * What a backup of a running registry needs and no file has: the state of the ledger at one moment, and the entries of the
 * store, sealed. Lines of JSON: the state, the entries, and a last one that says that they are all. spec 06 §5
 */
export function backupRoutes(deps: {
  books: Books
  store: Store
  transparency: TransparencyLog
}): FastifyPluginAsyncTypebox {
  const { books, store, transparency } = deps
  return async (app) => {
    app.get('/backup', { config: { roles: ['administrator'] } }, async (_request, reply) => {
      const state = await books.inTurn(async () => ledgerStateOf(books))
      const checkpoint = transparency.cosigned?.note
      async function* lines() {
        yield line({ ...state, ...(checkpoint !== undefined && { checkpoint }) })
        let entries = 0
        for await (const [key, sealed] of store.sealedEntries()) {
          entries++
          yield line({ key, value: sealed.toString('base64') })
        }
        yield line({ entries })
      }
      return reply.type('application/x-ndjson').send(Readable.from(lines()))
    })
  }
}

const line = (value: object) => `${JSON.stringify(value)}\n`
