import { readFile } from 'node:fs/promises'
import { ApiClient } from './api-client.ts'
import type { ChildProcesses } from './child-processes.ts'
import type { DemoFolder } from './demo-state.ts'
import { hospitals } from './hospitals.ts'
import { loadSampleData } from './load-sample-data.ts'
import { describeNetwork } from './network-file.ts'
import type { Network } from './network-file.ts'
import { demoPatients } from './sample-data.ts'
import { settleHospital, startHospital } from './start-hospital.ts'
import type { RunningHospital } from './start-hospital.ts'
import { startRegistry } from './start-registry.ts'
import { until } from './until.ts'

/** From an empty folder, or one that ran before, to a network in which everybody sees everybody and the data are in. */
export async function startNetwork(
  options: { hospitals: number; empty: boolean; replay?: boolean },
  deps: {
    folder: DemoFolder
    processes: ChildProcesses
    signal: AbortSignal
    tell: (step: string) => void
  },
): Promise<Network> {
  const { folder, signal, tell } = deps
  const taking = hospitals.slice(0, options.hospitals)
  const [registry] = await Promise.all([
    startRegistry(folder, { replay: options.replay === true }, deps),
    ...taking.map((hospital) => settleHospital(hospital, deps)),
  ])
  tell(`registry at ${registry.url}`)
  const running = await Promise.all(
    taking.map((hospital) => startHospital(hospital, taking, { ...deps, registry })),
  )
  await Promise.all(running.map((hospital) => seesAll(hospital, taking.length, signal)))
  tell(`${running.length} hospitals enrolled`)
  if (!options.empty) {
    const loaded = (hospital: RunningHospital) => folder.state.loaded.includes(hospital.hospital.ura)
    await Promise.all(running.filter((at) => !loaded(at)).map((at) => loadSampleData(at, signal)))
    folder.state.loaded = [
      ...new Set([...folder.state.loaded, ...running.map(({ hospital }) => hospital.ura)]),
    ]
    await folder.save()
    tell('sample studies stored and published')
  }
  return describeNetwork(registry, running, options.empty ? [] : demoPatients)
}

async function seesAll({ hospital, runtime, tokens }: RunningHospital, count: number, signal: AbortSignal) {
  using node = new ApiClient({
    url: runtime.url,
    ca: await readFile(runtime.caFile, 'utf8'),
    token: tokens.operator,
  })
  await until(
    async () => {
      const { members } = await node.call<{ members: unknown[] }>('GET', '/api/v1/members')
      return members.length >= count
    },
    { timeoutMs: 60_000, what: `${hospital.name} sees ${count} members`, signal },
  )
}
