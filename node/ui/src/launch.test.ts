import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import {
  claimLaunch,
  forgetLaunch,
  launchProblem,
  launchedBsn,
  leaveLaunchProblem,
  receiveLaunch,
} from './launch.ts'

/** What the node answers, by the end of the path. */
let answers: Record<string, [status: number, body: object]>
let kept: Map<string, string>

function openAt(pathname: string, hash: string): void {
  vi.stubGlobal('location', { pathname, hash })
  receiveLaunch()
}

beforeEach(() => {
  kept = new Map()
  vi.stubGlobal('history', { replaceState: () => vi.stubGlobal('location', { pathname: '/', hash: '' }) })
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  })
  vi.stubGlobal('fetch', (path: string) => {
    const [status, body] = answers[path.replace('/api/v1/launches/', '')] ?? [500, {}]
    return Promise.resolve(new Response(status === 204 ? null : JSON.stringify(body), { status }))
  })
})
afterEach(() => {
  forgetLaunch()
  vi.unstubAllGlobals()
})

const claimed: [number, object] = [200, { bsn: '999990019' }]

it('a launch gives the number to search for, once somebody is logged in', async () => {
  answers = { openings: [204, {}], claims: claimed }
  openAt('/starten', '#handle')
  expect([launchedBsn(), location.pathname]).toEqual([undefined, '/'])
  await claimLaunch()
  expect([launchedBsn(), launchProblem()]).toEqual(['999990019', undefined])
})

it.each<[string, typeof answers]>([
  // An older one was opened here and never claimed: its patient is not the one that is meant now.
  ['LAUNCH_GONE', { openings: [404, { code: 'LAUNCH_GONE' }], claims: claimed }],
  ['LAUNCH_OF_ANOTHER', { openings: [204, {}], claims: [403, { code: 'LAUNCH_OF_ANOTHER' }] }],
])('of one that came to nothing the page says why, until the next search: %s', async (code, answered) => {
  answers = answered
  openAt('/starten', '#handle')
  // The log-in page, which forgets what the one before left.
  forgetLaunch()
  await claimLaunch()
  expect(launchProblem()).toMatchObject({ code })
  expect([launchedBsn(), kept.size]).toEqual([undefined, 0])
  leaveLaunchProblem()
  expect(launchProblem()).toBeUndefined()
})

it('also when the log-in led through another site', async () => {
  answers = { openings: [404, { code: 'LAUNCH_GONE' }] }
  openAt('/starten', '#handle')
  await vi.waitFor(() => expect([...kept.values()]).toEqual(['LAUNCH_GONE']))
  openAt('/', '')
  await claimLaunch()
  expect(launchProblem()).toMatchObject({ code: 'LAUNCH_GONE' })
})

it('who comes without a launch is told nothing', async () => {
  openAt('/', '')
  await claimLaunch()
  expect([launchedBsn(), launchProblem()]).toEqual([undefined, undefined])
})
