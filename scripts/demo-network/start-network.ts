import { readFile } from 'node:fs/promises'
import { ApiClient } from './api-client.ts'
import type { ChildProcesses } from './child-processes.ts'
import type { DemoFolder } from './demo-state.ts'
import { hospitals } from './hospitals.ts'
import type { Hospital } from './hospitals.ts'
import { loadSampleData } from './load-sample-data.ts'
import { describeNetwork } from './network-file.ts'
import type { Network } from './network-file.ts'
import { demoPatients } from './sample-data.ts'
import type { ShareServices } from './share-channels.ts'
import { settleHospital, startHospital } from './start-hospital.ts'
import type { RunningHospital } from './start-hospital.ts'
import { startRegistry } from './start-registry.ts'
import type { DemoRegistry } from './start-registry.ts'
import { until } from './until.ts'

/** From an empty folder, or one that ran before, to a network in which everybody sees everybody and the data are in. */
export async function startNetwork(
  options: {
    hospitals: number
    empty: boolean
    replay?: boolean
    withOrthanc?: boolean
    /** Where a viewer of its own is served, for all of them. */
    ohifUrl?: string
    /** Without it the hospitals share nothing with patients. */
    shares?: ShareServices
  },
  deps: {
    folder: DemoFolder
    processes: ChildProcesses
    signal: AbortSignal
    tell: (step: string) => void
  },
): Promise<Network> {
  const { folder, signal, tell } = deps
  const { withOrthanc = false } = options
  const taking = hospitals.slice(0, options.hospitals)
  const [registry] = await Promise.all([
    startRegistry(folder, { replay: options.replay === true }, deps),
    ...taking.map((hospital) => settleHospital(hospital, taking, { ...deps, withOrthanc })),
  ])
  tell(`registry at ${registry.url}`)
  const running = await Promise.all(
    taking.map((hospital) =>
      startHospital(hospital, taking, {
        ...{ ...deps, registry, withOrthanc },
        ...(options.ohifUrl !== undefined && { ohifUrl: options.ohifUrl }),
        ...(options.shares !== undefined && { shares: options.shares }),
      }),
    ),
  )
  await Promise.all(running.map((hospital) => sees(hospital, taking, { signal })))
  tell(`${running.length} hospitals enrolled`)
  // They test each other, while the data come in. One alone has nobody to be tested with.
  const exchanging = async () => {
    if (taking.length < 2) return
    await Promise.all(running.map((hospital) => sees(hospital, taking, { state: 'exchanging', signal })))
    await settled(registry, running, signal)
    tell(`${running.length} hospitals exchange`)
  }
  const tested = exchanging()
  tested.catch(() => {})
  if (!options.empty) {
    const loaded = (hospital: RunningHospital) => folder.state.loaded.includes(hospital.hospital.ura)
    await Promise.all(running.filter((at) => !loaded(at)).map((at) => loadSampleData(at, signal)))
    folder.state.loaded = [
      ...new Set([...folder.state.loaded, ...running.map(({ hospital }) => hospital.ura)]),
    ]
    await folder.save()
    tell('sample studies stored and published')
  }
  await tested
  return describeNetwork(registry, running, options.empty ? [] : demoPatients)
}

/** spec 11 §6: with so many the founding of the log ends. */
const foundingWitnesses = 3

/**
 * Waits until what each node shows of the log convinces the others by the bundle that all of them hold: from then on one
 * that restarts is admitted again, also while the registry is down. A network that takes longer is ready all the same.
 */
async function settled(
  { url, caFile, tokens }: DemoRegistry,
  running: readonly RunningHospital[],
  signal: AbortSignal,
): Promise<void> {
  using registry = new ApiClient({ url, ca: await readFile(caFile, 'utf8'), token: tokens.administrator })
  const statusOf = async ({ runtime, tokens }: RunningHospital) => {
    const ca = await readFile(runtime.caFile, 'utf8')
    using node = new ApiClient({ url: runtime.url, ca, token: tokens.operator })
    return await node.call<{ bundle: { version: number }; degraded: { code: string }[] }>(
      'GET',
      '/api/v1/status',
    )
  }
  const isSettled = async () => {
    const { phase } = await registry.call<{ phase: string }>('GET', '/api/v1/log/state')
    if (running.length >= foundingWitnesses && phase === 'founding') return false
    const all = await Promise.all(running.map(statusOf))
    if (all.some(({ degraded }) => degraded.some(({ code }) => code === 'EVIDENCE_MISSING'))) return false
    return new Set(all.map(({ bundle }) => bundle.version)).size === 1
  }
  await until(isSettled, { timeoutMs: 30_000, what: 'the log convinces everybody', signal }).catch(() => {
    signal.throwIfAborted()
  })
}

interface Member {
  ura: string
  state: string
  connected: boolean
}

/** Waits until this hospital's node has all of them in its directory; or in that state, and the others reached, when one is given. */
async function sees(
  { hospital, runtime, tokens }: RunningHospital,
  all: readonly Hospital[],
  { state, signal }: { state?: string; signal: AbortSignal },
) {
  using node = new ApiClient({
    url: runtime.url,
    ca: await readFile(runtime.caFile, 'utf8'),
    token: tokens.operator,
  })
  await until(
    async () => {
      const { members } = await node.call<{ members: Member[] }>('GET', '/api/v1/members')
      const isReached = (member: Member) => member.ura === hospital.ura || member.connected
      return all.every(({ ura }) =>
        members.some(
          (member) =>
            member.ura === ura && (state === undefined || (member.state === state && isReached(member))),
        ),
      )
    },
    { timeoutMs: 180_000, what: `${hospital.name} sees ${all.length} ${state ?? 'members'}`, signal },
  )
}
