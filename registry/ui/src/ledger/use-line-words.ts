import { useTranslation } from 'react-i18next'
import { short } from '../format.ts'
import { useReasonText } from '../parts/reason-text.ts'
import { useMemberNames } from '../queries.ts'
import type { LedgerLine } from './read-line.ts'

export const acts = [
  'founded',
  'founding-ended',
  'witnesses',
  'person-admitted',
  'person-dismissed',
  'approved',
  'rejected',
  'certifying',
  'issued',
  'requested',
  'request-withdrawn',
  'revoked',
  'suspended',
  'resumed',
  'reviewed',
  'quota-set',
  'announced',
  'self-tested',
  'published',
] as const

export const measures = ['revocation', 'suspension', 'resumption', 'quota'] as const

export interface LineWords {
  act: string
  about: string
  detail: string
  who: string
}

/** A line in words: what happened, to whom, what else there is to say, and by whom. */
export function useLineWords(): (line: LedgerLine) => LineWords {
  const { t } = useTranslation()
  const detailOf = useDetail()
  const names = useMemberNames()
  const actOf = ({ act, asked }: LedgerLine) => {
    const known = acts.find((one) => one === act)
    const measure = measures.find((one) => one === asked)
    if (known === undefined) return act ?? t('ledger.unreadable')
    return t(`act.${known}`, {
      what: measure === undefined ? '' : t(`measure.${measure}`).toLocaleLowerCase(),
    })
  }
  const whoOf = ({ act, by }: LedgerLine) => {
    if (by.length === 0) return t(act === 'announced' ? 'ledger.node' : 'ledger.register')
    return by.map((id) => (id === 'console' ? t('ledger.console') : id)).join(', ')
  }
  return (line) => ({
    act: actOf(line),
    about:
      line.name ??
      names.get(line.peerId ?? '') ??
      (line.ura && `URA ${line.ura}`) ??
      short(line.peerId ?? ''),
    detail: detailOf(line),
    who: whoOf(line),
  })
}

function useDetail(): (line: LedgerLine) => string {
  const { t, i18n } = useTranslation()
  const reasonText = useReasonText()
  return ({ act, reason, fields }) => {
    const { version, peers, upheld, passed, id, role, enrolment, tokensPerDay, trustDomain } = fields
    switch (act) {
      case 'founded':
        return typeof trustDomain === 'string' ? trustDomain : ''
      case 'published':
        return t('actFact.version', { version })
      case 'witnesses':
        return t('actFact.witnesses', { count: Array.isArray(peers) ? peers.length : 0 })
      case 'reviewed':
        return t(upheld === true ? 'actFact.upheld' : 'actFact.notUpheld')
      case 'self-tested':
        return t(passed === true ? 'actFact.passed' : 'actFact.failed')
      case 'approved':
        return enrolment === undefined ? '' : t('actFact.second')
      case 'person-admitted':
        return t('actFact.person', {
          id,
          role: role === 'administrator' || role === 'auditor' ? t(`role.${role}`) : '',
        })
      case 'person-dismissed':
        return typeof id === 'string' ? id : ''
      case 'quota-set':
        return typeof tokensPerDay === 'number'
          ? t('actFact.quota', { count: tokensPerDay.toLocaleString(i18n.language) as never })
          : t('actFact.quotaUsual')
      default:
        return reason === undefined ? '' : t('actFact.reason', { reason: reasonText(reason) })
    }
  }
}
