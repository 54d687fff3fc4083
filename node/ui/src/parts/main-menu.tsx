import { Menu, MenuItem } from '@twiin/ui-kit'
import {
  ArrowLeftRight,
  BookUser,
  Gauge,
  Handshake,
  HardDriveUpload,
  Inbox,
  LibraryBig,
  ScrollText,
  Search,
  Settings,
  Share2,
  Siren,
  TriangleAlert,
  Users,
} from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { useExceptions, useStatus } from '../queries.ts'
import type { Page } from '../session.ts'

const icons = {
  search: Search,
  dashboard: Gauge,
  inbox: Inbox,
  upload: HardDriveUpload,
  settings: Settings,
  studies: LibraryBig,
  transfers: ArrowLeftRight,
  shares: Share2,
  exceptions: TriangleAlert,
  consent: Handshake,
  directory: BookUser,
  audit: ScrollText,
  users: Users,
  emergencies: Siren,
} as const

export function MainMenu({ pages }: { pages: readonly Page[] }) {
  const { t } = useTranslation()
  const { data } = useExceptions(pages.some(({ name }) => name === 'exceptions'))
  const open = data?.filter(({ state }) => state === 'open').length ?? 0
  const toReview = useStatus().data?.emergencies.unreviewed ?? 0
  const waiting = {
    exceptions: { count: open, word: t('exceptions.open') },
    emergencies: { count: toReview, word: t('emergencies.judge') },
  }
  return (
    <Menu>
      {pages.map(({ path, name }) => (
        <MenuItem
          key={path}
          to={path}
          icon={icons[name]}
          text={t(`nav.${name}`)}
          waiting={name === 'exceptions' || name === 'emergencies' ? waiting[name] : undefined}
        />
      ))}
    </Menu>
  )
}
