import type { PackageProgress } from '@twiin/protocol'
import { describe, expect, it } from 'vitest'
import type { Send } from '../transfers/transfer-record.ts'
import { ToldByPeers, changeByProgress } from './package-progress.ts'

const send = (change: Partial<Send> = {}): Send => ({
  ...{ kind: 'send', id: '00', createdAt: 0, updatedAt: 0, attempts: 1, nextTryAt: 0, urgent: false },
  ...{ counterparty: { ura: '90000002', name: 'B', peerId: 'b' }, studyInstanceUids: ['1.2'] },
  ...{ instances: { done: 0, total: 3 }, bytes: { done: 0, total: 3 }, description: '', state: 'delivered' },
  ...{ sendReason: '', offered: true, hops: { queued: 1, offered: 2 } },
  ...(change as Send),
})
const told = (hops: PackageProgress['hops']): PackageProgress => ({
  ...{ package: new Uint8Array(16), state: 'over', hops },
  ...{ fetched: { done: 3, total: 3 }, delivered: { done: 3, total: 3 } },
})

describe('what a recipient tells', () => {
  it.each(['delivered', 'running'] as const)(
    'of a package whose moments are known changes nothing: %s',
    (state) => {
      const first = changeByProgress(send({ state }), told({ fetched: 5 }), 10)
      expect(first).toEqual({ hops: { queued: 1, offered: 2, fetched: 5 } })
      const after = send({ state, ...(first as Partial<Send>) })
      expect(changeByProgress(after, told({ fetched: 5 }), 20)).toBeUndefined()
      expect(changeByProgress(after, told({ fetched: 5, filed: 6 }), 30)).toBeDefined()
    },
  )

  it('is listened to so much in ten seconds, each peer by itself', () => {
    const peers = new ToldByPeers()
    for (let at = 0; at < 10; at++) expect(peers.allows('a', 100, at)).toBe(true)
    expect(peers.allows('a', 1, 10)).toBe(false)
    expect(peers.allows('b', 100, 10)).toBe(true)
    expect(peers.allows('a', 100, 10_000)).toBe(true)
  })
})
