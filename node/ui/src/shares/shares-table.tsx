import { useRowKeys } from '@twiin/ui-kit'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Share } from '../api-types-shares.ts'
import { SpacerRow } from '../parts/spacer-row.tsx'
import { useVirtualRows } from '../parts/use-virtual-rows.ts'
import type { ShareAct } from './share-look.ts'
import { ShareRow } from './share-row.tsx'

interface Props {
  shares: readonly Share[]
  onAct: (share: Share, act: ShareAct) => void
}

const heads = ['recipient', 'shared', 'what', 'state', 'used'] as const

export function SharesTable({ shares, onAct }: Props) {
  const { t } = useTranslation()
  const [opened, setOpened] = useState<string>()
  const { frame, measure, drawn, before, after, isVirtual, toEdge } = useVirtualRows(shares, {
    keyOf: ({ id }) => id,
    rowHeight: 61,
  })
  const onKeyDown = useRowKeys({}, toEdge)
  return (
    <div className="table-frame" ref={frame}>
      {/* eslint-disable-next-line jsx-a11y/no-static-element-interactions -- keys of the buttons inside bubble up here */}
      <div onKeyDown={onKeyDown}>
        <table
          className="table shares"
          aria-label={t('shares.label')}
          aria-rowcount={shares.length + 1}
          data-virtual={isVirtual}
        >
          <thead>
            <tr>
              {heads.map((head) => (
                <th key={head} scope="col">
                  {t(`shares.column.${head}`)}
                </th>
              ))}
              <th scope="col">
                <span className="hidden-text">{t('timeline.action')}</span>
              </th>
            </tr>
          </thead>
          <SpacerRow height={before} columns={6} />
          {drawn.map(({ row: share, index }) => (
            <tbody key={share.id} ref={measure} data-index={index}>
              <ShareRow
                share={share}
                isOpen={opened === share.id}
                onToggle={() => setOpened((now) => (now === share.id ? undefined : share.id))}
                onAct={(act) => onAct(share, act)}
              />
            </tbody>
          ))}
          <SpacerRow height={after} columns={6} />
        </table>
      </div>
    </div>
  )
}
