import { X509Certificate } from 'node:crypto'
import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'

interface Trouble {
  readonly since: number
  readonly reason: string
}

/** How it goes with shares, as their parts know (spec 25). */
export interface ShareSources {
  readonly door: { readonly closed: Trouble | undefined }
  readonly mail: { readonly away: Trouble | undefined; readonly failed: number }
  readonly sms: { readonly away: Trouble | undefined; readonly failed: number }
  /** How many there are in each state on disk. */
  readonly book: { counts(): ReadonlyMap<string, number> }
  /** What browsers of patients are shown, PEM. */
  readonly certificate: string
}

/** The node goes on with all of it: only patients wait. */
export function shareDegradations({ door, mail, sms }: ShareSources) {
  const troubles = [
    ['SHARE_DOOR_CLOSED', door.closed],
    ['SHARE_MAIL_AWAY', mail.away],
    ['SHARE_SMS_AWAY', sms.away],
  ] as const
  return troubles.flatMap(([code, trouble]) =>
    trouble === undefined ? [] : [{ code, ...trouble, decision: 'soft' } as const],
  )
}

const dayMs = 86_400_000

/** For Prometheus. Without shares there are none of these. */
export function shareMetrics(shares: ShareSources, registry: Registry, now: () => number): void {
  const notAfter = Date.parse(new X509Certificate(shares.certificate).validTo)
  const registers = [registry]
  new Gauge({
    name: 'twiin_share_certificate_days_left',
    help: 'Days until the certificate ends that browsers of patients are shown',
    registers,
    collect() {
      this.set(Math.floor((notAfter - now()) / dayMs))
    },
  })
  new Gauge({
    ...{
      name: 'twiin_shares',
      help: 'Shares by state; locked ones are open',
      labelNames: ['state'],
      registers,
    },
    collect() {
      this.reset()
      for (const [state, count] of shares.book.counts()) this.set({ state }, count)
    },
  })
  new Counter({
    name: 'twiin_share_messages_failed_total',
    help: 'Attempts since the start to send a mail or text message that was not taken',
    ...{ labelNames: ['kind'], registers },
    collect() {
      this.reset()
      for (const kind of ['mail', 'sms'] as const) this.inc({ kind }, shares[kind].failed)
    },
  })
}
