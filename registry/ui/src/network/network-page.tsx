import { Badge, Empty, formatInstant, Problem, Skeleton, useRowKeys } from '@twiin/ui-kit'
import { Eye, Network } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { NetworkNode } from '../api-types.ts'
import { formatDay } from '../format.ts'
import { Title } from '../frame/title.tsx'
import { Facts } from '../parts/facts.tsx'
import { matches, SearchField } from '../parts/search-field.tsx'
import { MemberBadge } from '../parts/state-badges.tsx'
import { useLogState, useNetwork } from '../queries.ts'
import { Witnesses } from './witnesses.tsx'

/** Nodes: how they stand, when they were last heard of, and who of them witnesses the log. */
export function NetworkPage() {
  const { t } = useTranslation()
  const { data, error, refetch } = useNetwork()
  const log = useLogState().data
  const [filter, setFilter] = useState('')
  const [opened, setOpened] = useState<string>()
  const onKeyDown = useRowKeys()
  const shown = data?.nodes.filter(({ name, ura, peerId }) => matches(filter, name, ura, peerId)) ?? []
  return (
    <>
      <Title title={t('nodes.title')}>
        <SearchField value={filter} onChange={setFilter} />
      </Title>
      {data?.connected !== undefined && (
        <p className="lead">{t('nodes.connected', { count: data.connected })}</p>
      )}
      {error !== null && <Problem error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton rows={10} />}
      {data?.nodes.length === 0 && (
        <Empty icon={Network} title={t('nodes.emptyTitle')} text={t('nodes.emptyText')} />
      )}
      {data !== undefined && data.nodes.length > 0 && shown.length === 0 && (
        <p className="muted">{t('app.noMatch')}</p>
      )}
      {shown.length > 0 && (
        <div className="table-frame">
          {/* eslint-disable-next-line jsx-a11y/no-static-element-interactions -- keys of the buttons inside bubble up here */}
          <div onKeyDown={onKeyDown}>
            <table className="table" aria-label={t('nodes.label')}>
              <thead>
                <tr>
                  <th scope="col">{t('nodes.name')}</th>
                  <th scope="col">{t('nodes.state')}</th>
                  <th scope="col">{t('nodes.heard')}</th>
                  <th scope="col">{t('nodes.certificate')}</th>
                </tr>
              </thead>
              <tbody>
                {shown.map((node) => (
                  <NodeRow
                    key={node.peerId}
                    node={node}
                    isOpen={opened === node.peerId}
                    onToggle={() => setOpened((now) => (now === node.peerId ? undefined : node.peerId))}
                  />
                ))}
              </tbody>
            </table>
          </div>
        </div>
      )}
      {log !== undefined && <Witnesses log={log} />}
    </>
  )
}

interface RowProps {
  node: NetworkNode
  isOpen: boolean
  onToggle: () => void
}

function NodeRow({ node, isOpen, onToggle }: RowProps) {
  const { t, i18n } = useTranslation()
  const { peerId, name, ura, state, announcedAt, certificateEnds, isWitness } = node
  const at = (instant: string | undefined) => formatInstant(instant, i18n.language) || t('app.never')
  return (
    <>
      <tr className="row" data-open={isOpen}>
        <td className="main-cell">
          <button
            type="button"
            className="row-button"
            data-row={peerId}
            aria-expanded={isOpen}
            onClick={onToggle}
          >
            {name}
          </button>
          {isWitness && (
            <Badge tone="accent" icon={Eye}>
              {t('nodes.isWitness')}
            </Badge>
          )}
          <span className="muted small block">URA {ura}</span>
        </td>
        <td>
          <MemberBadge state={state} />
        </td>
        <td className="nowrap">{at(announcedAt)}</td>
        <td className="nowrap">{formatDay(certificateEnds, i18n.language)}</td>
      </tr>
      {isOpen && (
        <tr className="row-details">
          <td colSpan={4}>
            <Facts
              facts={[
                [t('nodes.report'), at(node.lastReport)],
                [
                  t('nodes.witness'),
                  isWitness
                    ? node.lastCosigned === undefined
                      ? t('nodes.cosignedNever')
                      : t('nodes.cosigned', { at: at(node.lastCosigned) })
                    : undefined,
                ],
                [
                  t('nodes.addresses'),
                  <span className="code">{node.addresses.join(' ') || t('app.none')}</span>,
                ],
                [t('organisations.peer'), <span className="code">{peerId}</span>],
              ]}
            />
          </td>
        </tr>
      )}
    </>
  )
}
