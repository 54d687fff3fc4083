import { ApiError, idleSeconds } from '@twiin/ui-kit'
import { call } from '../api.ts'
import type { GivenShare, Share, ShareOffers, ShareOrder, SharePreview } from '../api-types-shares.ts'

const one = encodeURIComponent

/** Every call about shares (spec 25 §6). What was given once is never asked for again. */
export const shareCalls = {
  offers: () => call<ShareOffers>('GET', '/shares/offers'),
  preview: (order: ShareOrder) => call<SharePreview>('POST', '/shares/preview', order),
  create: (order: ShareOrder) => call<GivenShare>('POST', '/shares', order),
  list: (before?: string) =>
    call<{ shares: Share[]; next?: string }>(
      'GET',
      `/shares${before === undefined ? '' : `?before=${one(before)}`}`,
    ),
  share: (id: string) => call<Share>('GET', `/shares/${one(id)}`),
  revoke: (id: string) => call<unknown>('POST', `/shares/${one(id)}/revocation`),
  newCode: (id: string, phone?: string) =>
    call<{ code?: string }>('POST', `/shares/${one(id)}/code`, phone === undefined ? {} : { phone }),
  newLink: (id: string) => call<GivenShare>('POST', `/shares/${one(id)}/link`),
  letter,
}

/** Link and code never stand on one page, so there is a letter for each. */
async function letter(id: string, given: { url: string } | { code: string }): Promise<Blob> {
  const answer = await fetch(`/api/v1/shares/${one(id)}/letter`, {
    method: 'POST',
    credentials: 'same-origin',
    cache: 'no-store',
    headers: {
      'content-type': 'application/json',
      'x-twiin-csrf': '1',
      'x-twiin-idle': String(idleSeconds()),
    },
    body: JSON.stringify(given),
  }).catch(() => {
    throw new ApiError('NODE_UNREACHABLE', 0)
  })
  if (!answer.ok) {
    const { code } = (await answer.json().catch(() => ({}))) as { code?: string }
    throw new ApiError(code ?? 'UNEXPECTED', answer.status)
  }
  return answer.blob()
}
