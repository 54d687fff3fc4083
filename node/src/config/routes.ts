import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { effectiveSettings } from './list-settings.ts'
import type { Settings } from './settings.ts'

/** What this node runs with (spec 10 §2); changed in its file, and only there. */
export function settingsRoutes(settings: Settings): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/settings', { config: { roles: ['operator'] } }, () => ({
      settings: effectiveSettings(settings),
    }))
  }
}
