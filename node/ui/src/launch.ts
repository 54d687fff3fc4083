import { useSyncExternalStore } from 'react'
import { peopleApi } from './people-api.ts'

/** A search that a PACS or EPD asks for (spec 23 §6). The patient's number stays in memory, until the form has it. */

const path = '/starten'
/** Says only that there was a launch: the log-in may lead through another site, and the page comes anew. */
const mark = 'twiin.launch'
let opened: Promise<void> = Promise.resolve()
let bsn: string | undefined
/** The study that the launch was about, for the search of its patient. */
let about: { bsn: string; studyInstanceUid: string } | undefined
let listeners: (() => void)[] = []

/** Before anything is shown: takes the handle out of the address, and tells the node that it has come. */
export function receiveLaunch(): void {
  if (location.pathname !== path) return
  const handle = location.hash.slice(1)
  history.replaceState(null, '', '/')
  if (handle === '') return
  sessionStorage.setItem(mark, '1')
  opened = peopleApi.openLaunch(handle).catch(() => sessionStorage.removeItem(mark))
}

/** Once somebody is logged in who may search. */
export async function claimLaunch(): Promise<void> {
  await opened
  if (sessionStorage.getItem(mark) === null) return
  sessionStorage.removeItem(mark)
  const launch = await peopleApi.claimLaunch().catch(() => undefined)
  bsn = launch?.bsn
  about = undefined
  if (launch?.studyInstanceUid !== undefined)
    about = { bsn: launch.bsn, studyInstanceUid: launch.studyInstanceUid }
  for (const listener of listeners) listener()
}

/** The number to search for, until it was taken. */
export const useLaunchedBsn = (): string | undefined =>
  useSyncExternalStore(
    (listener) => {
      listeners = [...listeners, listener]
      return () => {
        listeners = listeners.filter((each) => each !== listener)
      }
    },
    () => bsn,
  )

/** Which study to show first of a search for this patient. */
export const launchedStudyOf = (searched: string | undefined): string | undefined =>
  about !== undefined && about.bsn === searched ? about.studyInstanceUid : undefined

/** The number is in the form now, or another one is. */
export function leaveLaunchedBsn(): void {
  bsn = undefined
}

export function forgetLaunch(): void {
  bsn = undefined
  about = undefined
}
