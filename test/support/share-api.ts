import type { ApiClient } from '../../scripts/demo-network/api-client.ts'
import { until } from './node-api.ts'
import type { NodeApi } from './node-api.ts'

/** What `POST /shares` gives this once (spec 25 §6). */
export interface GivenShare {
  id: string
  url: string
  state: string
  opensAt: string
  expiresAt: string
  code?: string
}

export interface ListedShare {
  id: string
  state: string
  reason?: string
  bytes: number
  triesLeft: number
  mail: string
  opened: { count: number }
  viewed: { count: number }
  downloaded: { count: number }
}

export type ShareOrder = Record<string, unknown> & { studyInstanceUids: readonly string[] }

/** Shares with a code letter unless told otherwise; waits until the package is whole. */
export async function shareStudies(api: NodeApi, order: ShareOrder, timeoutMs = 60_000): Promise<GivenShare> {
  const staff = api.as('radiologist')
  const given = await staff.call<GivenShare>('POST', '/api/v1/shares', {
    recipient: { kind: 'patient' },
    secondFactor: { kind: 'letter' },
    ...order,
  })
  await shareIs('open', given.id, staff, timeoutMs)
  return given
}

/** Waits until a share is in this state; throws when it failed. */
export function shareIs(
  state: string,
  id: string,
  staff: ApiClient,
  timeoutMs = 60_000,
): Promise<ListedShare> {
  return until(
    async () => {
      const share = await staff.call<ListedShare>('GET', `/api/v1/shares/${id}`)
      if (share.state === 'failed' && state !== 'failed') throw new Error(`share failed: ${share.reason}`)
      return share.state === state && share
    },
    { timeoutMs, what: `share is ${state}` },
  )
}
