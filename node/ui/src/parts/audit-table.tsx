import { Badge, formatMoment, useRowKeys } from '@twiin/ui-kit'
import { CircleAlert, CircleCheck, CircleX, Siren } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AuditLine, Role } from '../api-types.ts'
import { groupAlike } from './audit-groups.ts'
import { maskBsn } from '../format.ts'
import type { LateWording, Wording } from '../i18n/wording.ts'

const looks = {
  success: { tone: 'good', icon: CircleCheck },
  refused: { tone: 'warning', icon: CircleX },
  failed: { tone: 'bad', icon: CircleAlert },
} as const

type EventName = keyof Wording['events']
type AuditCode = keyof LateWording['auditCodes']
type Code = keyof Wording['codes']

/** A reason in the log is no message to the reader: a code without words stands there as it is. */
function useReasonText(): (code: string) => string {
  const { t, i18n } = useTranslation()
  return (code) =>
    i18n.exists(`auditCodes.${code}`)
      ? t(`auditCodes.${code as AuditCode}`)
      : i18n.exists(`codes.${code}`)
        ? t(`codes.${code as Code}`)
        : code
}

/** What NEN 7513 asks of a line: when, who, what, whose, why, by which rule, with which outcome. */
export function AuditTable({ events }: { events: readonly AuditLine[] }) {
  const { t } = useTranslation()
  const [opened, setOpened] = useState<number>()
  const onKeyDown = useRowKeys()
  return (
    <div className="table-frame">
      {/* eslint-disable-next-line jsx-a11y/no-static-element-interactions -- keys of the buttons inside bubble up here */}
      <div onKeyDown={onKeyDown}>
        <table className="table audit" aria-label={t('audit.label')}>
          <thead>
            <tr>
              <th scope="col">{t('audit.when')}</th>
              <th scope="col">{t('audit.event')}</th>
              <th scope="col">{t('audit.who')}</th>
              <th scope="col">{t('audit.patient')}</th>
              <th scope="col">{t('audit.peer')}</th>
              <th scope="col">{t('audit.outcome')}</th>
            </tr>
          </thead>
          <tbody>
            {groupAlike(events).map(({ first: line, rest }) => (
              <AuditRow
                key={line.seq}
                line={line}
                rest={rest}
                isOpen={opened === line.seq}
                onToggle={() => setOpened((now) => (now === line.seq ? undefined : line.seq))}
              />
            ))}
          </tbody>
        </table>
      </div>
    </div>
  )
}

function AuditRow(props: {
  line: AuditLine
  /** Lines like it, of the same day. */
  rest: readonly AuditLine[]
  isOpen: boolean
  onToggle: () => void
}) {
  const { t, i18n } = useTranslation()
  const reasonText = useReasonText()
  const { line, rest, isOpen } = props
  const { user, patient } = line
  const roleText = (role: string) => (i18n.exists(`role.${role}`) ? t(`role.${role as Role}`) : role)
  return (
    <>
      <tr className="row" data-open={isOpen}>
        <td className="nowrap">{formatMoment(line.at, i18n.language)}</td>
        <td className="main-cell">
          <button
            type="button"
            className="row-button"
            data-row={line.seq}
            aria-expanded={isOpen}
            onClick={props.onToggle}
          >
            {i18n.exists(`events.${line.event}`) ? t(`events.${line.event as EventName}`) : line.event}
          </button>
          {rest.length > 0 && (
            <span className="muted small"> {t('auditLog.alike', { count: rest.length })}</span>
          )}
          {line.emergency && (
            <Badge tone="bad" icon={Siren}>
              {t('audit.emergency')}
            </Badge>
          )}
        </td>
        <td>
          {user === undefined ? (
            <span className="muted">{t('audit.self')}</span>
          ) : (
            <>
              {user.name ?? user.id} <span className="muted small">{roleText(user.role)}</span>
            </>
          )}
        </td>
        <td className="nowrap">
          {patient?.citizenNumber === undefined
            ? (patient?.localId ?? '')
            : `BSN ${maskBsn(patient.citizenNumber)}`}
        </td>
        <td>{line.peer?.name}</td>
        <td className="state-cell">
          <div className="state">
            <Badge {...looks[line.outcome]}>{t(`audit.${line.outcome}`)}</Badge>
            {line.reason !== undefined && <span className="state-reason">{reasonText(line.reason)}</span>}
          </div>
        </td>
      </tr>
      {isOpen && (
        <tr className="row-details">
          <td colSpan={6}>
            {[line, ...rest].map((each) => (
              <AuditDetails key={each.seq} line={each} />
            ))}
          </td>
        </tr>
      )}
    </>
  )
}

function AuditDetails({ line }: { line: AuditLine }) {
  const { t, i18n } = useTranslation()
  const facts: [string, string | number | undefined][] = [
    [t('audit.when'), formatMoment(line.at, i18n.language)],
    [t('auditLog.account'), line.account],
    [t('audit.purpose'), line.purpose?.reason],
    [t('audit.basis'), line.purpose?.basis],
    [t('audit.protocol'), line.protocol],
    [t('audit.consent'), line.consent],
    ['BSN', line.patient?.citizenNumber],
    [t('studies.number'), line.patient?.localId],
    [t('audit.merged'), line.patient?.mergedId],
    [t('audit.objects'), line.objects?.studyInstanceUids?.join(', ')],
    [t('audit.count'), line.objects?.count],
    [t('audit.emergency'), t(line.emergency ? 'app.yes' : 'app.no')],
    [t('audit.request'), line.requestId],
    [t('audit.seq'), line.seq],
  ]
  return (
    <dl className="facts facts-wide">
      {facts
        .filter(([, value]) => value !== undefined && value !== '')
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  )
}
