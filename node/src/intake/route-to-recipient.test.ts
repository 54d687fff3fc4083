import { silentLogger } from '@twiin/runtime'
import type { Repository } from '@twiin/store'
import { beforeEach, describe, expect, it } from 'vitest'
import { RouteToRecipient } from './route-to-recipient.ts'
import type { Route } from './route-to-recipient.ts'

/** A disk with a switch. */
class Disk implements Pick<Repository<Route>, 'put' | 'delete' | 'entries'> {
  readonly routes = new Map<string, Route>()
  isFull = false

  async put(key: string, route: Route): Promise<void> {
    if (this.isFull) throw new Error('ENOSPC')
    this.routes.set(key, structuredClone(route))
  }
  async delete(key: string): Promise<void> {
    this.routes.delete(key)
  }
  async *entries(): AsyncGenerator<[string, Route]> {
    yield* [...this.routes]
  }
}

const destination = { aeTitle: 'ELSEWHERE', ura: '90000002', urgency: 'routine' as const }
const association = (id: string) => ({ id, callingAe: 'CT1' })
let disk: Disk
let sent: Route[]
let failing: boolean

beforeEach(() => {
  disk = new Disk()
  sent = []
  failing = false
})
const open = () =>
  new RouteToRecipient({
    routes: disk as unknown as Repository<Route>,
    send: async (route) => {
      if (failing) throw new Error('down')
      sent.push(route)
    },
    log: silentLogger,
  })

describe('a study for another hospital', () => {
  it('is noted on disk before anything of it is answered, also when an earlier try could not be', async () => {
    const routes = open()
    disk.isFull = true
    await expect(routes.note(association('a'), destination, '1.2')).rejects.toThrow()
    disk.isFull = false
    await routes.note(association('a'), destination, '1.2')
    expect(disk.routes.get('a')?.studyInstanceUids).toEqual(['1.2'])
  })

  it('is handed over with the others of its association when that ends, and then forgotten', async () => {
    const routes = open()
    for (const uid of ['1.2', '1.3', '1.2']) await routes.note(association('a'), destination, uid)
    expect(sent).toEqual([])
    await routes.ended('a')
    expect(sent).toMatchObject([{ associationId: 'a', studyInstanceUids: ['1.2', '1.3'] }])
    expect(disk.routes.size).toBe(0)
  })

  it('is handed over at the next start when the process ended before', async () => {
    await open().note(association('a'), destination, '1.2')
    await open().resume()
    expect(sent).toMatchObject([{ associationId: 'a' }])
  })

  it('that could not be handed over is so behind the next association', async () => {
    const routes = open()
    await routes.note(association('a'), destination, '1.2')
    failing = true
    await routes.ended('a')
    failing = false
    await routes.note(association('b'), destination, '1.3')
    await routes.note(association('c'), destination, '1.4')
    await routes.ended('b')
    // The one that is still open is left alone.
    expect(sent.map(({ associationId }) => associationId).sort()).toEqual(['a', 'b'])
  })
})
