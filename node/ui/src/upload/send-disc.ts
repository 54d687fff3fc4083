import { ApiError } from '@twiin/ui-kit'

/** Sends a disc as a stream from the files themselves; a fetch could not tell how far it is. */
export function sendDisc(
  disc: Blob,
  onSent: (bytes: number) => void,
  signal: AbortSignal,
): Promise<{ id: string }> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    const stop = () => request.abort()
    request.open('POST', '/api/v1/discs')
    request.setRequestHeader('content-type', 'application/octet-stream')
    request.setRequestHeader('x-twiin-csrf', '1')
    request.responseType = 'json'
    request.upload.onprogress = ({ loaded }) => onSent(loaded)
    request.onerror = () => reject(new ApiError('NODE_UNREACHABLE', 0))
    request.onabort = () => reject(signal.reason as Error)
    request.onload = () => {
      signal.removeEventListener('abort', stop)
      const answer = request.response as { id?: string; code?: string; instance?: string } | null
      if (request.status === 202 && answer?.id !== undefined) resolve({ id: answer.id })
      else reject(new ApiError(answer?.code ?? 'UNEXPECTED', request.status, answer?.instance))
    }
    signal.addEventListener('abort', stop, { once: true })
    request.send(disc)
  })
}
