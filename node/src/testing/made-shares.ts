import type { ShareOrder } from '../shares/create-share.ts'
import { describeShare } from '../shares/describe-share.ts'
import type { TestShares } from './test-shares.ts'

/** Who shares. */
export const person = { id: 'rad', name: 'R. de Radioloog (fictief)', role: 'radiologist' } as const
export const mailed: ShareOrder = {
  studyInstanceUids: ['1.2.3'],
  recipient: { kind: 'patient', email: 'anna.jansen@post.example' },
  secondFactor: { kind: 'sms', phone: '+31 6 12345678' },
  discussed: true,
}
export const byLetter: ShareOrder = {
  ...{ studyInstanceUids: ['1.2.3'], recipient: { kind: 'patient' }, discussed: true },
  secondFactor: { kind: 'letter' },
}
export const partsOf = (url: string) => {
  const [, link = '', key = ''] = /\/z\/([^#]+)#(.+)$/.exec(url) ?? []
  return { link, key }
}

/** A share whose package is whole. */
export async function made(shares: TestShares, order: ShareOrder) {
  const given = await shares.routes.creating.create(order, person)
  await shares.routes.maker.idle()
  return { id: given.record.id, url: given.url, code: given.code ?? '', ...partsOf(given.url) }
}
export const stateOf = async (shares: TestShares, id: string) => {
  const record = await shares.routes.book.find(id)
  const now = shares.routes.clock.now()
  const counts = await shares.routes.tries.get(id)
  return describeShare(record, { counts, progress: { done: 0, total: 0 }, now }).state
}
