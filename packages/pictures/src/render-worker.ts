import { parentPort } from 'node:worker_threads'
import { codeOf, isTwiinError } from '@twiin/runtime'
import { renderFrame } from './render-frame.ts'
import type { RenderRequest } from './render-frame.ts'

export type RenderAnswer = { picture: Uint8Array<ArrayBuffer> } | { code: string }

parentPort?.on('message', (request: RenderRequest) => {
  renderFrame(request).then(
    (picture) => parentPort?.postMessage({ picture: new Uint8Array(picture) }),
    // A codec's own words may quote what it read.
    (error: unknown) =>
      parentPort?.postMessage({ code: isTwiinError(error) ? codeOf(error) : 'PICTURE_UNREADABLE' }),
  )
})
