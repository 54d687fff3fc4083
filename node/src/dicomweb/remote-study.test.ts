import { TwiinError } from '@twiin/runtime'
import { expect, it } from 'vitest'
import { RemoteStudy } from './remote-study.ts'

const sha256 = new Uint8Array(32)

/** Asks for instance 1.2.3 and tells which were wanted first. */
async function wantedOf({ state, isHere }: { state: string; isHere: boolean }): Promise<string[]> {
  const wanted: string[] = []
  const retrieval = { kind: 'retrieval', id: 'r', state, reason: 'UNEXPECTED', studyInstanceUid: '1.2' }
  const instance = { study: 'h', sopInstanceUid: '1.2.3', sha256 }
  const study = new RemoteStudy(
    { retrievalId: 'r', waitMs: 10 },
    {
      book: {
        get: async () => ({ ...retrieval, bsn: '999990019', counterparty: { ura: '1' } }) as never,
        onWork: () => () => {},
      },
      fetcher: {
        named: async () => [{ sopInstanceUid: '1.2.3', sha256 }] as never,
        wantFirst: (_, uid) => void wanted.push(uid),
      },
      holdings: {
        instanceByUid: async () => (isHere ? instance : undefined) as never,
        studyByUid: async () => ({ handle: 'h', patient: { citizenNumbers: ['999990019'] } }) as never,
        onChange: () => () => {},
      } as never,
      onFirstShown: async () => {},
    },
  )
  await study.instance('1.2.3', new AbortController().signal).catch((error: unknown) => {
    if (!(error instanceof TwiinError)) throw error
  })
  return wanted
}

it.each([
  ['that is on its way is wanted first', { state: 'running', isHere: false }, ['1.2.3']],
  ['that is here is not wanted', { state: 'running', isHere: true }, []],
  ['of a retrieval that is over is not wanted', { state: 'failed', isHere: false }, []],
])('an instance %s', async (_, given, wanted) => {
  expect(await wantedOf(given)).toEqual(wanted)
})
