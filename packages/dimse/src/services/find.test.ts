import { TwiinError } from '@twiin/runtime'
import { describe, expect, it } from 'vitest'
import type { QueryRequest } from '../dimse-provider.ts'
import {
  CollectingProvider,
  all,
  ask,
  failure,
  pattern,
  providing,
  queryContexts,
  startServer,
} from '../testing.ts'
import { queryRetrieve, transferSyntax } from '../uids.ts'

const implicitLittle = transferSyntax.implicitVrLittleEndian

describe('C-FIND', () => {
  it('hands the provider the identifier as it came, and brings back each match as it is', async () => {
    const asked: QueryRequest[] = []
    await using server = await startServer(
      providing({
        find: async function* (request) {
          asked.push(request)
          yield* [Buffer.from('first!'), Buffer.from('second'), pattern(60_000)]
        },
      }),
    )
    await using association = await server.open({ contexts: queryContexts })
    const found = await all(association.find(ask('find', { priority: 1 })))
    expect(found.map(String)).toEqual(['first!', 'second', String(pattern(60_000))])
    expect(asked).toEqual([
      expect.objectContaining({
        association: expect.objectContaining({ callingAe: 'MODALITY' }) as object,
        sopClassUid: queryRetrieve.find.studyRoot,
        transferSyntaxUid: implicitLittle,
        identifier: Buffer.from('what I look for '),
        priority: 1,
      }),
    ])
    expect(await all(association.find(ask('find')))).toHaveLength(3) // the association goes on
  })

  it('is only as fast as who asked reads, and as the peer takes', async () => {
    let produced = 0
    const match = Buffer.alloc(60_000)
    await using server = await startServer(
      providing({
        find: async function* () {
          for (; produced < 2000; produced++) yield match
        },
      }),
    )
    await using association = await server.open({ contexts: queryContexts })
    let seen = 0
    let mostAhead = 0
    for await (const found of association.find(ask('find'))) {
      expect(found.length).toBe(60_000)
      if (seen++ < 5) await new Promise((resolve) => setTimeout(resolve, 40)) // a slow reader; the source could be done
      mostAhead = Math.max(mostAhead, produced - seen)
    }
    expect(seen).toBe(2000)
    expect(mostAhead * 60_000).toBeLessThan(64 * 1024 ** 2) // socket buffers
  })

  it.each<[string, unknown, object]>([
    [
      'refuses with a status and a comment',
      new TwiinError('DIMSE_REFUSED', { status: 0xa900, comment: 'no\nsuch level' }),
      { status: 0xa900, comment: 'no?such level' },
    ],
    ['fails', new Error('J. de Vries not found'), { status: 0xc000 }],
    ['refuses with what is no failure', new TwiinError('DIMSE_REFUSED', { status: 0 }), { status: 0x0110 }],
  ])('of a provider that %s is answered so, and the association goes on', async (_name, error, facts) => {
    let broken = true
    await using server = await startServer(
      providing({
        find: async function* () {
          yield Buffer.from('one ')
          if (broken) throw error
        },
      }),
    )
    await using association = await server.open({ contexts: queryContexts })
    const found: string[] = []
    const asking = (async () => {
      for await (const match of association.find(ask('find'))) found.push(String(match))
    })()
    await expect(asking).rejects.toThrow(failure('DIMSE_REFUSED', facts))
    expect(found).toEqual(['one '])
    broken = false
    expect(await all(association.find(ask('find')))).toHaveLength(1)
  })

  it('is cancelled by a signal, by leaving early, and by the end of the association', async () => {
    const left: boolean[] = []
    const provider = providing({
      find: async function* ({ signal }) {
        try {
          for (;;) {
            yield Buffer.from('more')
            await new Promise((resolve) => setTimeout(resolve, 1))
          }
        } finally {
          left.push(signal.aborted)
        }
      },
    })
    await using server = await startServer(provider)
    const association = await server.open({ contexts: queryContexts })
    const stop = new AbortController()
    const endless = (async () => {
      for await (const _ of association.find(ask('find', { signal: stop.signal })))
        stop.abort(new Error('enough'))
    })()
    await expect(endless).rejects.toThrow('enough')
    for await (const _ of association.find(ask('find'))) break
    await expect.poll(() => left).toEqual([true, true])
    const lost = all(association.find(ask('find')))
    setTimeout(() => association.abort(), 30)
    await expect(lost).rejects.toThrow(failure('ASSOCIATION_ABORTED'))
    await provider.noticed('ended aborted')
    await expect.poll(() => left).toEqual([true, true, true])
  })

  it('that a stuck provider never answers can still be cancelled', async () => {
    await using server = await startServer(
      providing({
        find: async function* () {
          await new Promise(() => {})
        },
      }),
    )
    await using association = await server.open({ contexts: queryContexts })
    const signal = AbortSignal.timeout(30)
    await expect(all(association.find(ask('find', { signal })))).rejects.toThrow('timeout')
  })

  it('with an identifier of more than 64 KiB is answered with A700', async () => {
    await using server = await startServer(providing({ find: async function* () {} }))
    await using association = await server.open({ contexts: queryContexts })
    const identifier = Buffer.alloc(64 * 1024 + 2)
    await expect(all(association.find(ask('find', { identifier })))).rejects.toThrow(
      failure('DIMSE_REFUSED', { status: 0xa700 }),
    )
    expect(await all(association.find(ask('find')))).toEqual([])
  })

  it('is not offered by a provider that has none, nor in a syntax nobody exchanges identifiers in', async () => {
    await using server = await startServer(new CollectingProvider())
    await using association = await server.open({ contexts: queryContexts })
    expect(association.accepts(queryRetrieve.find.studyRoot, implicitLittle)).toBe(false)
    await expect(all(association.find(ask('find')))).rejects.toThrow(failure('CONTEXT_NOT_ACCEPTED'))
    await using other = await startServer(providing({ find: async function* () {} }))
    const jpeg = [
      { abstractSyntax: queryRetrieve.find.studyRoot, transferSyntaxes: ['1.2.840.10008.1.2.4.50'] },
    ]
    await using second = await other.open({ contexts: jpeg })
    expect(second.accepts(queryRetrieve.find.studyRoot, '1.2.840.10008.1.2.4.50')).toBe(false)
  })

  it('a peer that answers without end, or too long, or not at all, is left', async () => {
    await using server = await startServer(
      providing({
        find: async function* () {
          yield pattern(64 * 1024 + 2)
        },
      }),
    )
    const association = await server.open({ contexts: queryContexts })
    await expect(all(association.find(ask('find')))).rejects.toThrow(failure('DATA_SET_TOO_LONG'))
    await association.release()
  })
})
