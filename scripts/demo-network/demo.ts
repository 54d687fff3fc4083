/**
 * `scripts/demo`: a whole network on this machine, enrolled through the real flow: registry, hospitals with a node and
 * a demo PACS each, sample studies. When everything is ready DIR/network.json says where everything is. SIGINT or
 * SIGTERM ends it, and everything it started, within ten seconds. `--replay`: the registry's public page shows the spring of
 * 2021 in a minute, as a labelled simulation. `--with-orthanc`: each PACS is an Orthanc, which holds the sample studies; the
 * node indexes it and fetches on demand.
 */
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { prepareOhif } from '../prepare-ohif.ts'
import { ChildProcesses } from './child-processes.ts'
import { DemoFolder } from './demo-state.ts'
import { maxHospitals } from './hospitals.ts'
import { removeNetwork, writeNetwork } from './network-file.ts'
import { serveOhif } from './ohif-server.ts'
import { orthancInstalled, orthancMissing } from './orthanc.ts'
import { ShareServices } from './share-channels.ts'
import { startNetwork } from './start-network.ts'
import { welcome } from './welcome.ts'

const usage =
  'scripts/demo [--headless] [--dir DIR] [--hospitals N] [--empty] [--replay] [--with-orthanc] [--with-ohif]'

function readArguments() {
  const { values } = parseArgs({
    options: {
      headless: { type: 'boolean', default: false },
      dir: { type: 'string', default: join(import.meta.dirname, '../../.demo') },
      hospitals: { type: 'string', default: '3' },
      empty: { type: 'boolean', default: false },
      replay: { type: 'boolean', default: false },
      'with-orthanc': { type: 'boolean', default: false },
      'with-ohif': { type: 'boolean', default: false },
    },
  })
  const hospitals = Number(values.hospitals)
  if (!Number.isInteger(hospitals) || hospitals < 1 || hospitals > maxHospitals)
    throw new Error(`--hospitals takes 1 to ${maxHospitals}`)
  const withOrthanc = values['with-orthanc']
  if (withOrthanc && !orthancInstalled)
    throw new Error(`--with-orthanc: no Orthanc on this machine${orthancMissing}`)
  return { ...values, dir: resolve(values.dir), hospitals, withOrthanc }
}

async function main(): Promise<void> {
  const { dir, headless, hospitals, empty, replay, withOrthanc, 'with-ohif': withOhif } = readArguments()
  const began = performance.now()
  const seconds = () => ((performance.now() - began) / 1000).toFixed(1)
  const tell = (step: string) => process.stdout.write(`${seconds().padStart(5)} s  ${step}\n`)

  const asked = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => asked.abort(new Error(`stopped by ${signal}`)))
  // While it starts, a process that ends is a failure; afterwards it stays dead until somebody starts it.
  const failed = new AbortController()
  let ready = false
  const onGone = (death: Error) => {
    if (ready) tell(death.message.split('\n')[0] ?? '')
    else failed.abort(death)
  }

  await using folder = await DemoFolder.open(dir)
  await removeNetwork(dir)
  const ohif = withOhif ? await serveOhif(await prepareOhif()) : undefined
  const shares = await ShareServices.start(dir)
  const processes = new ChildProcesses({ logDir: join(dir, 'logs') }, { onGone })
  try {
    const signal = AbortSignal.any([asked.signal, failed.signal])
    const starting = startNetwork(
      { hospitals, empty, replay, withOrthanc, shares, ...(ohif !== undefined && { ohifUrl: ohif.url }) },
      { folder, processes, signal, tell },
    )
    const network = await Promise.race([starting, rejection(signal)])
    ready = true
    ohif?.setSources(
      network.hospitals.map(({ ura, name, dicomweb }) => ({ ura, name, dicomweb: dicomweb.url })),
    )
    if (ohif !== undefined) network.ohif = { url: ohif.url }
    network.broker = { url: shares.brokerUrl }
    await writeNetwork(dir, network)
    tell(`ready: ${join(dir, 'network.json')}`)
    if (!headless) process.stdout.write(welcome(network))
    await rejection(asked.signal)
  } catch (error) {
    if (!asked.signal.aborted) throw error
  } finally {
    tell('stopping')
    await removeNetwork(dir)
    await processes.stop()
    await ohif?.close()
    await shares.close()
  }
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = () => reject(signal.reason as Error)
    if (signal.aborted) fail()
    signal.addEventListener('abort', fail, { once: true })
  })
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`)
    if (error instanceof Error && error.cause instanceof Error)
      process.stderr.write(`${error.cause.message}\n`)
    if (String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS'))
      process.stderr.write(`usage: ${usage}\n`)
    process.exit(1)
  },
)
