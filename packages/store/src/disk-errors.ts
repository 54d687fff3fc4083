import { TwiinError, codeOf } from '@twiin/runtime'

/** True for "the disk is full" however it is told: by the system, or in the words of LevelDB. */
export function isDiskFull(error: unknown): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (['ENOSPC', 'EDQUOT', 'OUT_OF_RESOURCES'].includes(codeOf(at))) return true
    if (/no space left on device|disk quota exceeded/i.test(at.message)) return true
  }
  return false
}

/** Runs disk work; a full disk surfaces as OUT_OF_RESOURCES, anything else as it is. */
export async function onDisk<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (isDiskFull(error)) throw new TwiinError('OUT_OF_RESOURCES', {}, { cause: error })
    throw error
  }
}
