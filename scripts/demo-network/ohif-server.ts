import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'

export interface OhifServer {
  url: string
  /** The hospitals a viewer can be pointed at, each by its number: `/viewer/{ura}?StudyInstanceUIDs=…&token=…`. */
  setSources(sources: readonly { ura: string; name: string; dicomweb: string }[]): void
  close(): Promise<void>
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
}

/** The OHIF viewer on an origin of its own: its built pages want the root. It has no data; it asks the nodes, as any viewer. */
export async function serveOhif(folder: string): Promise<OhifServer> {
  let config = ''
  const server = createServer((request, response) => {
    answer(request, response, folder, config).catch(() => response.writeHead(404).end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    setSources: (sources) => (config = configOf(sources)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, folder: string, config: string) {
  const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname))
  if (path === '/app-config.js') {
    response.writeHead(200, { 'content-type': 'text/javascript', 'cache-control': 'no-store' }).end(config)
    return
  }
  const asked = join(folder, path)
  const isFile = (await stat(asked).catch(() => undefined))?.isFile() === true
  // The viewer's own addresses all open its page.
  const file = isFile ? asked : join(folder, 'index.html')
  response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' })
  createReadStream(file).pipe(response)
}

function configOf(sources: readonly { ura: string; name: string; dicomweb: string }[]): string {
  const dataSources = sources.map(({ ura, name, dicomweb }) => ({
    namespace: '@ohif/extension-default.dataSourcesModule.dicomweb',
    sourceName: ura,
    configuration: {
      friendlyName: name,
      name: ura,
      qidoRoot: dicomweb,
      wadoRoot: dicomweb,
      wadoUriRoot: dicomweb,
      qidoSupportsIncludeField: true,
      imageRendering: 'wadors',
      thumbnailRendering: 'wadors',
      enableStudyLazyLoad: true,
      supportsFuzzyMatching: false,
      supportsWildcard: true,
      omitQuotationForMultipartRequest: true,
      bulkDataURI: { enabled: true },
    },
  }))
  const settings = {
    routerBasename: '/',
    extensions: [],
    modes: [],
    // A tour of the viewer would lie over the first picture.
    customizationService: [{ 'ohif.tours': { $set: [] } }],
    investigationalUseDialog: { option: 'never' },
    showStudyList: true,
    showWarningMessageForCrossOrigin: false,
    showCPUFallbackMessage: false,
    maxNumberOfWebWorkers: 2,
    defaultDataSourceName: sources[0]?.ura ?? '',
    dataSources,
  }
  return `window.config = ${JSON.stringify(settings)}
${withoutWebGl}`
}

/** The viewer draws with WebGL unless it is told otherwise, also where the browser has none: a remote desktop, a broken driver. */
const withoutWebGl = `window.config.useCPURendering = document.createElement('canvas').getContext('webgl2') === null
`
