import { parentPort } from 'node:worker_threads'
import { codeOf, isTwiinError } from '@twiin/runtime'
import { renderFrame } from './render-frame.ts'
import type { RenderRequest } from './render-frame.ts'

export interface SentPicture {
  bytes: Uint8Array<ArrayBuffer>
  width: number
  height: number
}
export type RenderAnswer = { pictures: SentPicture[] } | { code: string }

parentPort?.on('message', (request: RenderRequest) => {
  renderFrame(request).then(
    (rendered) =>
      parentPort?.postMessage({
        pictures: rendered.map(({ bytes, ...size }) => ({ ...size, bytes: new Uint8Array(bytes) })),
      }),
    // A codec's own words may quote what it read.
    (error: unknown) =>
      parentPort?.postMessage({ code: isTwiinError(error) ? codeOf(error) : 'PICTURE_UNREADABLE' }),
  )
})
