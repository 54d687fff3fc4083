import { createServer } from 'node:https'
import type { Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createWebCertificate } from '@twiin/identity'
import { silentLogger } from '@twiin/runtime'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { RegistryClient } from '../registry/registry-client.ts'
import { eventually } from '../testing/test-hospital.ts'
import { TestNetwork } from '../testing/test-network.ts'
import { BundleWatch } from './bundle-watch.ts'
import type { NetworkView } from './network-view.ts'

interface Held {
  known: string | undefined
  url: string
  response: ServerResponse
}
let network: TestNetwork
let server: Server
let view: NetworkView
let watch: BundleWatch
/** Requests that wait for an answer of the test. */
let held: Held[]

beforeEach(async () => {
  network = await TestNetwork.open()
  held = []
  const web = await createWebCertificate({
    ...{ commonName: 'registry', dnsNames: [], ipAddresses: ['127.0.0.1'], at: new Date() },
  })
  server = createServer({ key: web.key, cert: web.certificate }, ({ url = '', headers }, response) => {
    held.push({ known: headers['if-none-match'], url, response })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const registry = new RegistryClient({ url: `https://127.0.0.1:${port}`, ca: web.caCertificate })
  view = network.view()
  watch = new BundleWatch({ registry, bundle: view.bundle, clock: network.clock, log: silentLogger })
})
afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await network[Symbol.asyncDispose]()
})

/** Asks, and gives the answer of the test. */
async function ask(
  status: number,
  body?: Uint8Array,
  etag = '"1w"',
): Promise<{ mayGoOn: boolean; asked: Held }> {
  const asking = watch.refresh()
  const asked = await eventually(() => held.shift())
  asked.response.writeHead(status, { etag }).end(body)
  return { mayGoOn: await asking, asked }
}

it('asks to be told when there is something else than what came last, and goes on at once when something came', async () => {
  const first = await ask(200, await network.document())
  expect(first).toMatchObject({ mayGoOn: true, asked: { url: '/api/v1/bundle?wait=25' } })
  expect([first.asked.known, view.bundle.version]).toEqual([undefined, 1])
  const second = await ask(200, await network.document(), '"2"')
  expect([second.asked.known, second.mayGoOn, view.bundle.version]).toEqual(['"1w"', true, 2])
  // A registry that does not wait, or says the same again, is not asked without end.
  expect((await ask(304, undefined, '"2"')).mayGoOn).toBe(false)
  expect(await ask(200, await network.document(), '"2"')).toMatchObject({
    mayGoOn: false,
    asked: { known: '"2"' },
  })
})

it('goes on at once when the registry held the request open and nothing came', async () => {
  await ask(200, await network.document())
  const asking = watch.refresh()
  const { response } = await eventually(() => held.shift())
  network.clock.moveOn(25_000)
  response.writeHead(304).end()
  expect(await asking).toBe(true)
})

it('knows since when the registry is silent, and goes on with what it has', async () => {
  expect(watch.state).toEqual({ reachable: false })
  await ask(200, await network.document())
  const lastContact = watch.state.lastContact ?? 0
  expect(watch.state).toEqual({ reachable: true, lastContact })
  network.clock.moveOn(60_000)
  expect((await ask(503)).mayGoOn).toBe(false)
  const { silentSince = 0 } = watch.state
  expect(silentSince - lastContact).toBeGreaterThanOrEqual(60_000)
  network.clock.moveOn(60_000)
  server.closeAllConnections()
  server.close()
  expect(await watch.refresh()).toBe(false)
  expect(watch.state).toEqual({ reachable: false, lastContact, silentSince })
  expect(view.bundle.version).toBe(1)
})

it('takes a registry that serves rubbish for one that is there; its bundle is not taken', async () => {
  await ask(200, await network.document())
  expect((await ask(200, Buffer.from('rubbish'), '"7"')).mayGoOn).toBe(false)
  expect([watch.state.reachable, view.bundle.version]).toEqual([true, 1])
  expect(watch.state.refusedSince).toBeDefined()
  expect((await ask(304)).asked.known).toBe('"7"')
  await ask(200, await network.document(), '"8"')
  expect(watch.state.refusedSince).toBeUndefined()
})

it('that never had a bundle asks for any, whatever it was told before', async () => {
  await ask(200, Buffer.from('rubbish'), '"7"')
  expect((await ask(200, await network.document(), '"7"')).asked.known).toBeUndefined()
  expect(view.bundle.version).toBe(1)
})

it('ends with the node, not when the registry answers', async () => {
  const stop = new AbortController()
  const asking = watch.refresh({ signal: stop.signal })
  await eventually(() => held.length > 0)
  stop.abort()
  expect(await asking).toBe(false)
  expect(watch.state).toEqual({ reachable: false })
})
