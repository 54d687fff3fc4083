import { ApiError } from '@twiin/ui-kit'
import { problemOf } from './study-reader.ts'
import { unasked } from './unasked.ts'

/** Neither a picture element nor Cornerstone says why it failed: asked once more, for the words of the node. */
export async function whyNot(address: string, accept = 'image/jpeg'): Promise<ApiError> {
  try {
    const response = await fetch(address, { credentials: 'same-origin', headers: { accept, ...unasked() } })
    if (!response.ok) return await problemOf(response)
    await response.body?.cancel()
    return new ApiError('PICTURE_UNREADABLE', 422)
  } catch {
    return new ApiError('NODE_UNREACHABLE', 0)
  }
}
