import { useState } from 'react'
import { useLookAgain } from '../queries.ts'
import { keys } from '../query-keys.ts'
import { isDisc, mostFiles } from './gather-files.ts'
import type { Gathered } from './gather-files.ts'
import { sendDisc } from './send-disc.ts'
import { zipOf } from './zip-blob.ts'

export interface Upload {
  step: 'checking' | 'sending'
  files: number
  done: number
  total: number
  stop: () => void
}

/** From files to a disc at the node: checked, packed, sent. One at a time. */
export function useUpload(onRead: (id: string) => void) {
  const [upload, setUpload] = useState<Upload>()
  const [error, setError] = useState<Error>()
  const lookAgain = useLookAgain()
  const begin = async (gathered: readonly Gathered[]) => {
    if (gathered.length === 0 || upload !== undefined) return
    setError(undefined)
    const stopping = new AbortController()
    const stop = () => stopping.abort(new Error('stopped'))
    const total = gathered.reduce((sum, { file }) => sum + file.size, 0)
    const show = (step: Upload['step'], done: number, of = total) =>
      setUpload({ step, done, total: of, files: gathered.length, stop })
    try {
      if (gathered.length > mostFiles) throw new Error('too many files')
      show('checking', 0)
      const disc = await packed(gathered, (done) => show('checking', done), stopping.signal)
      show('sending', 0, disc.size)
      const { id } = await sendDisc(disc, (done) => show('sending', done, disc.size), stopping.signal)
      lookAgain(keys.discs)
      onRead(id)
    } catch (cause) {
      if (!stopping.signal.aborted) setError(cause instanceof Error ? cause : new Error('upload failed'))
    } finally {
      setUpload(undefined)
    }
  }
  return { upload, error, begin }
}

const tellEvery = 4_000_000

async function packed(
  gathered: readonly Gathered[],
  onDone: (bytes: number) => void,
  signal: AbortSignal,
): Promise<Blob> {
  const [first] = gathered
  if (isDisc(gathered) && first !== undefined) return first.file
  let [done, told] = [0, 0]
  return zipOf(
    gathered,
    (bytes) => {
      done += bytes
      if (done - told < tellEvery) return
      told = done
      onDone(done)
    },
    signal,
  )
}
