import { useState } from 'react'

export type Once = 'link' | 'code'

/** Asks once more before what cannot be shown again is gone, unless somebody took it along. */
export function useLeave(shown: readonly Once[], onClose: () => void) {
  const [taken, setTaken] = useState<ReadonlySet<Once>>(new Set())
  const [isAsking, setAsking] = useState(false)
  const left = shown.filter((what) => !taken.has(what))
  return {
    left,
    isAsking: isAsking && left.length > 0,
    onTaken: (what: Once) => setTaken((before) => new Set(before).add(what)),
    onStay: () => setAsking(false),
    /** Closes, or asks first. */
    tryClose: () => {
      if (left.length === 0) onClose()
      else setAsking(true)
    },
  }
}

export type Leave = ReturnType<typeof useLeave>
