import { gzipSync } from 'node:zlib'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { builtAssets } from '@twiin/share-pages'
import type { FastifyReply, FastifyRequest } from '@twiin/web'

type Assets = ReturnType<typeof builtAssets>
type Asset = Assets['style']

/** Addresses that change with what is behind them, so that a browser may keep it. */
export const assetAddresses = ({ style, script }: Assets) => ({
  style: `/assets/style.css?v=${style.version}`,
  script: `/assets/page.js?v=${script.version}`,
})

/** Style, script, icon and service worker, from memory. */
export function assetRoutes(assets: Assets): FastifyPluginAsyncTypebox {
  const { style, script, worker, icon } = assets
  return async (app) => {
    app.get('/assets/style.css', served(style, 'immutable'))
    app.get('/assets/page.js', served(script, 'immutable'))
    app.get('/assets/icon.svg', served(icon, 'day'))
    // A browser asks anew for a worker, whatever it was told.
    app.get('/z/worker.js', served(worker, 'never'))
  }
}

const lasting = {
  immutable: 'public, max-age=31536000, immutable',
  day: 'public, max-age=86400',
  never: 'no-cache',
}

function served({ bytes, type, version }: Asset, lasts: keyof typeof lasting) {
  const packed = gzipSync(bytes, { level: 9 })
  return (request: FastifyRequest, reply: FastifyReply) => {
    const { v } = request.query as { v?: string }
    // By an old address one gets the new file, to be kept by nobody.
    const isNamed = lasts !== 'immutable' || v === version
    if (isNamed) reply.header('cache-control', lasting[lasts])
    reply.header('vary', 'accept-encoding').type(type)
    if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return reply.send(bytes)
    return reply.header('content-encoding', 'gzip').send(packed)
  }
}
