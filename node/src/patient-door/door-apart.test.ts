import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { ManualClock } from '@twiin/runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DoorApart } from './door-apart.ts'
import { doorEnvironment, doorFlags } from './door-child.ts'
import type { PatientPagesOptions } from './patient-pages.ts'
import { TestPages } from './testing.ts'

function killDoor({ pid }: DoorApart, signal: NodeJS.Signals): void {
  if (pid === undefined) throw new Error('no door')
  process.kill(pid, signal)
}

describe('the door for recipients in a process of its own', () => {
  let pages: TestPages
  let apart: DoorApart
  beforeAll(async () => {
    pages = await TestPages.start({ apart: {} })
    apart = pages.pages as DoorApart
  })
  afterAll(() => pages[Symbol.asyncDispose]())

  it('lets in, sends the package and a zip, and what it notes is on record with the node', async () => {
    const share = await pages.share()
    expect((await pages.call('POST', `/z/${share.link}`, {}, { code: 'wrong' })).status).toBe(422)
    const browser = await pages.enter(share)
    const whole = await pages.call('GET', `/z/${share.link}/package?for=zip`, browser)
    expect(whole.bytes.equals(readFileSync(share.open.packageFile))).toBe(true)
    expect(pages.door.notes).toContain(`${share.open.id} downloaded`)
    await pages.call('POST', `/z/${share.link}/key`, browser, { link: share.url })
    const zip = await pages.call('GET', `/z/${share.link}/zip`, browser)
    expect(zip.status).toBe(200)
    expect(zip.bytes.length).toBe(Number(zip.headers['content-length']))
  })

  it('ends every session of a share that the node says is over', async () => {
    const share = await pages.share()
    const [before, other] = [await pages.enter(share), await pages.share()]
    const elsewhere = await pages.enter(other)
    pages.door.tellOver(share.open.id)
    // Open again, as far as the node goes: it is the door that forgot who was in.
    const after = await pages.enter(share)
    const statusOf = async (link: string, browser: { cookie: string }) =>
      (await pages.call('GET', `/z/${link}/package`, { ...browser, range: 'bytes=0-29' })).status
    expect(await statusOf(share.link, before)).toBe(401)
    expect(await statusOf(share.link, after)).toBe(206)
    expect(await statusOf(other.link, elsewhere)).toBe(206)
  })

  it('answers everybody while one session asks for more than it takes', async () => {
    const share = await pages.share()
    const [{ cookie }, other] = [await pages.enter(share), await pages.share()]
    const elsewhere = await pages.enter(other)
    const ask = `GET /z/${share.link}/package HTTP/1.1\r\nhost: x\r\ncookie: ${cookie}\r\nrange: bytes=0-9\r\n\r\n`
    const crowd = Array.from({ length: 8 }, () =>
      connect({ host: '127.0.0.1', port: pages.port, rejectUnauthorized: false }),
    )
    for (const one of crowd) one.on('error', () => {}).write(ask.repeat(200))
    const seen = await pages.call('GET', `/z/${other.link}/seen`, elsewhere)
    expect(seen.status).toBe(200)
    for (const one of crowd) one.destroy()
  })

  it('leaves no file open for who has gone', async () => {
    const share = await pages.share()
    const { cookie } = await pages.enter(share)
    const ask = `GET /z/${share.link}/package HTTP/1.1\r\nhost: x\r\ncookie: ${cookie}\r\n\r\n`
    for (let round = 0; round < 5; round++) {
      const crowd = Array.from({ length: 8 }, () =>
        connect({ host: '127.0.0.1', port: pages.port, rejectUnauthorized: false }),
      )
      await Promise.all(crowd.map((one) => once(one, 'secureConnect')))
      for (const one of crowd) one.on('error', () => {}).write(ask.repeat(4))
      await pages.call('GET', '/assets/icon.svg')
      for (const one of crowd) one.destroy()
    }
    const open = () =>
      readdirSync(`/proc/${apart.pid}/fd`)
        .map((fd) => {
          try {
            return readlinkSync(`/proc/${apart.pid}/fd/${fd}`)
          } catch {
            return ''
          }
        })
        .filter((file) => file.endsWith('.package'))
    await expect.poll(open, { timeout: 10_000 }).toEqual([])
  })

  it('reads packages, and no other file of the node, whoever asks for it', async () => {
    expect(apart.pid).not.toBe(process.pid)
    await using elsewhere = await TestPages.start()
    const [share, other] = [await pages.share(), await elsewhere.share()]
    pages.door.shares.set(share.link, {
      ...share,
      open: { ...share.open, packageFile: other.open.packageFile },
    })
    const browser = await pages.enter(share)
    expect((await pages.call('GET', `/z/${share.link}/package?for=zip`, browser)).status).toBe(500)
  })

  it('may write nothing, start nothing, and read no key', async () => {
    await using mine = await TestPages.start()
    const key = join(mine.dir, 'master.key')
    await writeFile(key, 'secret')
    const settings = { pages: {} as PatientPagesOptions, logLevel: 'warn' }
    const flags = doorFlags({ settings, packagesDir: join(mine.dir, 'shares'), program: '/nowhere.js' })
    const attempts = `
      import { spawnSync } from 'node:child_process'
      import { readFileSync, writeFileSync } from 'node:fs'
      import { createRequire } from 'node:module'
      import { Worker } from 'node:worker_threads'
      const attempts = {
        read: () => readFileSync(${JSON.stringify(key)}),
        write: () => writeFileSync(${JSON.stringify(join(mine.dir, 'shares/x'))}, ''),
        start: () => spawnSync('/bin/true'),
        thread: () => new Worker('', { eval: true }),
        database: () => process.getBuiltinModule('node:sqlite').DatabaseSync,
        machineCode: () => process.dlopen({ exports: {} }, '/nowhere.node'),
      }
      for (const [name, attempt] of Object.entries(attempts))
        try { attempt(); console.log(name, 'done') } catch (error) { console.log(name, error.code) }`
    const { stdout } = spawnSync(process.execPath, [...flags, '--input-type=module', '-e', attempts])
    expect(stdout.toString().trim().split('\n')).toEqual([
      'read ERR_ACCESS_DENIED',
      'write ERR_ACCESS_DENIED',
      'start ERR_ACCESS_DENIED',
      'thread ERR_ACCESS_DENIED',
      'database undefined',
      'machineCode ERR_DLOPEN_DISABLED',
    ])
  })

  it('is told nothing of the environment but certificates, language and time zone', () => {
    const env = { TZ: 'Europe/Amsterdam', NODE_OPTIONS: '--inspect', TOKEN: 'x' }
    expect(doorEnvironment({ ...env, NODE_EXTRA_CA_CERTS: 'ca.pem' })).toEqual({
      ...{ TZ: 'Europe/Amsterdam', NODE_EXTRA_CA_CERTS: join(process.cwd(), 'ca.pem') },
      MALLOC_ARENA_MAX: '2',
    })
  })

  it('that is killed says so, and begins anew', async () => {
    const ended = new Promise<void>((resolve) => apart.onEnded(resolve))
    killDoor(apart, 'SIGKILL')
    await ended
    expect(apart.pid).toBeUndefined()
    expect(pages.logLines.join('')).toContain('"signal":"SIGKILL"')
    await apart.start()
    await pages.enter(await pages.share())
  })

  it('that says nothing any more is ended, and one that answers is not', async () => {
    const clock = new ManualClock()
    await using other = await TestPages.start({ apart: {}, doorClock: clock })
    const door = other.pages as DoorApart
    const ended = new Promise<void>((resolve) => door.onEnded(resolve))
    for (let asked = 0; asked < 5; asked++) {
      await clock.advance(30_000)
      // A page of which the node hears nothing: when it is here, so is the answer to the question before it.
      for (let at = 0; at < 3; at++) await other.call('GET', '/assets/icon.svg')
    }
    expect(other.logLines).toEqual([])
    killDoor(door, 'SIGSTOP')
    for (let asked = 0; asked < 3; asked++) await clock.advance(30_000)
    await ended
    expect(other.logLines.join('')).toContain('silent')
  })

  it.each([
    ['no JSON', 'hello'],
    ['no message of a door', '{"kind":"records"}'],
    ['more than a door says', `{"kind":"shut","code":"${'x'.repeat(5000)}"}`],
  ])('that says %s is ended', async (_what, line) => {
    const program = join(pages.dir, 'hostile.mjs')
    const script = `import { Socket } from 'node:net'\nnew Socket({ fd: 3 }).resume().write(${JSON.stringify(`${line}\n`)})`
    await writeFile(program, script)
    await expect(TestPages.start({ apart: {}, program })).rejects.toMatchObject({ code: 'DOOR_ENDED' })
  })

  it('says why it has no port', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    await expect(TestPages.start({ apart: {}, port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    other.close()
  })
})
