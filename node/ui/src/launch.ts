import { ApiError } from '@twiin/ui-kit'
import { useSyncExternalStore } from 'react'
import { peopleApi } from './people-api.ts'

/** A search that a PACS or EPD asks for (spec 23 §6). The patient's number stays in memory, until the form has it. */

const path = '/starten'
/** Says that there was a launch, or by which code it failed: the log-in may lead through another site, and the page comes anew. */
const mark = 'twiin.launch'
const isOpened = '1'
let opened: Promise<void> = Promise.resolve()
let bsn: string | undefined
/** The study that the launch was about, for the search of its patient. */
let about: { bsn: string; studyInstanceUid: string } | undefined
/** Why the launch came to nothing, until the next search. */
let problem: unknown
let listeners: (() => void)[] = []

/** Before anything is shown: takes the handle out of the address, and tells the node that it has come. */
export function receiveLaunch(): void {
  if (location.pathname !== path) return
  const handle = location.hash.slice(1)
  history.replaceState(null, '', '/')
  if (handle === '') return
  sessionStorage.setItem(mark, isOpened)
  opened = peopleApi.openLaunch(handle).catch((error: unknown) => {
    sessionStorage.setItem(mark, error instanceof ApiError ? error.code : 'UNEXPECTED')
  })
}

/** Once somebody is logged in who may search. */
export async function claimLaunch(): Promise<void> {
  await opened
  const how = sessionStorage.getItem(mark)
  if (how === null) return
  sessionStorage.removeItem(mark)
  forgetLaunch()
  try {
    if (how !== isOpened) throw new ApiError(how, 0)
    const launch = await peopleApi.claimLaunch()
    bsn = launch.bsn
    if (launch.studyInstanceUid !== undefined)
      about = { bsn: launch.bsn, studyInstanceUid: launch.studyInstanceUid }
  } catch (error) {
    problem = error
  }
  tell()
}

/** The number to search for, until it was taken. */
export const useLaunchedBsn = (): string | undefined => useSyncExternalStore(onLaunch, launchedBsn)
export const launchedBsn = (): string | undefined => bsn

/** Why there is none, when there was to be one. */
export const useLaunchProblem = (): unknown => useSyncExternalStore(onLaunch, launchProblem)
export const launchProblem = (): unknown => problem

function onLaunch(listener: () => void): () => void {
  listeners = [...listeners, listener]
  return () => {
    listeners = listeners.filter((each) => each !== listener)
  }
}

function tell(): void {
  for (const listener of listeners) listener()
}

/** Which study to show first of a search for this patient. */
export const launchedStudyOf = (searched: string | undefined): string | undefined =>
  about !== undefined && about.bsn === searched ? about.studyInstanceUid : undefined

/** The number is in the form now, or another one is. */
export function leaveLaunchedBsn(): void {
  bsn = undefined
}

/** Somebody searches: what became of the launch is old. */
export function leaveLaunchProblem(): void {
  problem = undefined
  tell()
}

export function forgetLaunch(): void {
  bsn = undefined
  about = undefined
  problem = undefined
}
