import { Badge, Empty, Field, Problem, Skeleton } from '@twiin/ui-kit'
import { BookUser, CircleCheck, CircleDashed, FlaskConical, House } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Member } from '../api-types.ts'
import { PageTitle } from '../parts/page-title.tsx'
import { useMembers } from '../queries.ts'

/** Who can be sent to and asked: the address book of the network, as the registry signed it (spec 06 §3). */
export function DirectoryPage() {
  const { t } = useTranslation()
  const { data, error, refetch } = useMembers()
  const [wanted, setWanted] = useState('')
  const shown = (data ?? []).filter((member) => matches(member, wanted))
  return (
    <>
      <PageTitle title={t('directory.title')} />
      <p className="lead">{t('directory.lead')}</p>
      {error !== null && <Problem error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton rows={8} />}
      {data !== undefined && (
        <>
          <Field label={t('directory.filter')} className="filter">
            {(control) => (
              <input
                {...control}
                type="search"
                data-search
                value={wanted}
                maxLength={64}
                onChange={({ target }) => setWanted(target.value)}
              />
            )}
          </Field>
          <p role="status" className="muted">
            {t('directory.count', { count: shown.length, total: data.length })}
          </p>
          {shown.length === 0 && (
            <Empty icon={BookUser} title={t('directory.noneTitle')} text={t('directory.noneText')} />
          )}
          <ul className="plain-list directory">
            {shown.map((member) => (
              <MemberCard key={member.ura} member={member} />
            ))}
          </ul>
        </>
      )}
    </>
  )
}

function MemberCard({ member }: { member: Member }) {
  const { t } = useTranslation()
  const { name, ura, category, level, mailboxes, phone, endpoints } = member
  return (
    <li className="card directory-card">
      <div className="directory-head">
        <h2>{name}</h2>
        <Standing member={member} />
      </div>
      <dl className="directory-facts">
        <Fact term={t('directory.ura')}>{ura}</Fact>
        <Fact term={t('directory.kind')}>
          {t(`directory.${category}`)}, {t('directory.level', { level })}
        </Fact>
        <Fact term={t('directory.phone')}>
          {phone === undefined ? (
            t('app.unknown')
          ) : (
            <a href={`tel:${phone.replace(/[^+\d]/g, '')}`}>{phone}</a>
          )}
        </Fact>
        <Fact term={t('directory.mailboxes')}>
          {mailboxes.length === 0 ? t('directory.noMailbox') : mailboxes.join(', ')}
        </Fact>
        <Fact term={t('directory.endpoints')}>
          {endpoints.length === 0 ? (
            t('directory.noEndpoint')
          ) : (
            <span className="code">{endpoints.join(' ')}</span>
          )}
        </Fact>
      </dl>
    </li>
  )
}

function Standing({ member: { self, state, connected } }: { member: Member }) {
  const { t } = useTranslation()
  if (self)
    return (
      <Badge tone="accent" icon={House}>
        {t('directory.self')}
      </Badge>
    )
  if (state === 'testing')
    return (
      <Badge tone="warning" icon={FlaskConical} title={t('directory.testingWhy')}>
        {t('directory.testing')}
      </Badge>
    )
  return (
    <Badge tone={connected ? 'good' : 'plain'} icon={connected ? CircleCheck : CircleDashed}>
      {t(connected ? 'directory.connected' : 'directory.exchanging')}
    </Badge>
  )
}

function Fact({ term, children }: { term: string; children: React.ReactNode }) {
  return (
    <div>
      <dt className="muted small">{term}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** By anything that somebody might know: name, number, department. */
function matches({ name, ura, mailboxes }: Member, wanted: string): boolean {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean)
  const text = [name, ura, ...mailboxes].join(' ').toLowerCase()
  return words.every((word) => text.includes(word))
}
