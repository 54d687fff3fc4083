import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ArchiveCache } from './archive-cache.ts'
import type { IndexArchive } from './index-archive.ts'

interface Deps {
  indexer: IndexArchive
  cache: ArchiveCache
}

/** How far the archive is indexed, and another look at it now (spec 18 §3). Without an archive: 404. */
export function archiveRoutes(archive: Deps | undefined): FastifyPluginAsyncTypebox {
  return async (app) => {
    if (archive === undefined) return
    const { indexer, cache } = archive
    app.get('/archive', { config: { roles: ['operator'] } }, async () => {
      const { pass, failure } = await indexer.status()
      return {
        ...(failure === undefined ? {} : { failure }),
        ...(pass === undefined
          ? {}
          : {
              pass: {
                startedAt: new Date(pass.startedAt).toISOString(),
                ...(pass.endedAt === undefined ? {} : { endedAt: new Date(pass.endedAt).toISOString() }),
                // Study dates from here on were looked at.
                ...(pass.done === undefined ? {} : { done: pass.done }),
                ...pass.counts,
              },
            }),
        cache: { studies: cache.studies, bytes: cache.bytes },
      }
    })
    app.post('/archive/passes', { config: { roles: ['operator'] } }, (_request, reply) => {
      indexer.lookNow()
      return reply.code(202).send({})
    })
  }
}
