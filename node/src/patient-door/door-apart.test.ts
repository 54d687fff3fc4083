import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { ManualClock } from '@twiin/runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DoorApart } from './door-apart.ts'
import { TestPages } from './testing.ts'

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

  it('ends sessions at once when the node says that a share is over', async () => {
    const share = await pages.share()
    const browser = await pages.enter(share)
    const manifest = { ...browser, range: 'bytes=0-29' }
    expect((await pages.call('GET', `/z/${share.link}/package`, manifest)).status).toBe(206)
    pages.door.end(share.open.id)
    expect((await pages.call('GET', `/z/${share.link}/package`, manifest)).status).toBe(401)
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

  it('that is killed says so, and begins anew', async () => {
    const ended = new Promise<void>((resolve) => apart.onEnded(resolve))
    process.kill(apart.pid ?? 0, 'SIGKILL')
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
    for (let asked = 0; asked < 3; asked++) {
      await clock.advance(30_000)
      // Its answer comes before what it answers to a browser.
      await other.enter(await other.share())
    }
    expect(other.logLines).toEqual([])
    process.kill(door.pid ?? 0, 'SIGSTOP')
    await clock.advance(30_000)
    await clock.advance(30_000)
    await ended
    expect(other.logLines.join('')).toContain('silent')
  })

  it('says why it has no port', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    await expect(TestPages.start({ apart: {}, port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    other.close()
  })
})
