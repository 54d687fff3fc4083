import { useMutation, useQuery } from '@tanstack/react-query'
import { Badge, Problem, Skeleton, useCodeText } from '@twiin/ui-kit'
import { CircleAlert, CircleCheck, Lock, PlugZap } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { Connection } from '../api-types-work.ts'
import { keys } from '../query-keys.ts'

const kinds = { dicom: 'DICOM', dicomweb: 'DICOMweb', hl7: 'HL7' } as const

/** What the node is connected to; a press asks it one real question. */
export function ConnectionCards() {
  const { t } = useTranslation()
  const { data, error, refetch } = useQuery({ queryKey: keys.connections, queryFn: api.connections })
  return (
    <section className="stack">
      <h2>{t('board.connections')}</h2>
      {error !== null && <Problem error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton rows={2} />}
      <ul className="cards plain-cards cards-wide">
        {data?.connections.map((connection) => (
          <ConnectionCard key={`${connection.kind} ${connection.name}`} connection={connection} />
        ))}
      </ul>
    </section>
  )
}

function ConnectionCard({ connection }: { connection: Connection }) {
  const { t } = useTranslation()
  const codeText = useCodeText()
  const { kind, name, use, host, port, tls, aeTitle, callingAeTitle, url } = connection
  const test = useMutation({ mutationFn: () => api.testConnection(kind, name) })
  const result = test.data
  return (
    <li className="card connection-card">
      <h3>
        {name} <span className="muted small">{kinds[kind]}</span>
      </h3>
      <p className="muted small">{t(`board.use.${use}`)}</p>
      <p className="code">
        {url ?? `${host}:${port}`} {tls && <Lock aria-label="TLS" size={12} />}
        {aeTitle !== undefined && ` · ${callingAeTitle ?? ''} → ${aeTitle}`}
      </p>
      <div className="connection-foot">
        <button
          type="button"
          className="button button-small"
          aria-label={t('board.testLong', { name })}
          disabled={test.isPending}
          onClick={() => test.mutate()}
        >
          <PlugZap aria-hidden size={14} />
          {t(test.isPending ? 'board.testing' : 'board.test')}
        </button>
        <span role="status">
          {result !== undefined && (
            <Badge tone={result.ok ? 'good' : 'bad'} icon={result.ok ? CircleCheck : CircleAlert}>
              {result.ok
                ? t('board.answered', { ms: result.durationMs, answer: result.answer ?? '' })
                : codeText(result.reason)}
            </Badge>
          )}
        </span>
      </div>
      {test.error !== null && <Problem error={test.error} />}
    </li>
  )
}
