import { Badge } from '@twiin/ui-kit'
import type { Tone } from '@twiin/ui-kit'
import {
  ArrowLeftRight,
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CircleSlash,
  CircleX,
  Clock,
  FlaskConical,
  Loader,
  Pause,
  TriangleAlert,
} from 'lucide-react'
import type { LucideIcon } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { ApplicationState, CertificateStatus, MemberState, Verdict } from '../api-types.ts'

type Looks<State extends string> = Readonly<Record<State, { tone: Tone; icon: LucideIcon }>>

const members: Looks<MemberState> = {
  testing: { tone: 'accent', icon: FlaskConical },
  exchanging: { tone: 'good', icon: ArrowLeftRight },
  suspended: { tone: 'warning', icon: Pause },
  expired: { tone: 'bad', icon: CircleAlert },
}

export function MemberBadge({ state }: { state: MemberState }) {
  const { t } = useTranslation()
  return <Badge {...members[state]}>{t(`memberState.${state}`)}</Badge>
}

const certificates: Looks<CertificateStatus> = {
  valid: { tone: 'good', icon: CircleCheck },
  expired: { tone: 'plain', icon: Clock },
  revoked: { tone: 'bad', icon: CircleSlash },
  suspended: { tone: 'warning', icon: Pause },
}

export function CertificateBadge({ status }: { status: CertificateStatus }) {
  const { t } = useTranslation()
  return <Badge {...certificates[status]}>{t(`certificates.${status}`)}</Badge>
}

const applications: Looks<ApplicationState> = {
  open: { tone: 'accent', icon: CircleDashed },
  approved: { tone: 'good', icon: CircleCheck },
  rejected: { tone: 'bad', icon: CircleX },
  superseded: { tone: 'plain', icon: CircleSlash },
}

export function ApplicationBadge({ state }: { state: ApplicationState }) {
  const { t } = useTranslation()
  return <Badge {...applications[state]}>{t(`applications.${state}`)}</Badge>
}

const verdicts = {
  passed: { tone: 'good', icon: CircleCheck },
  warned: { tone: 'warning', icon: TriangleAlert },
  failed: { tone: 'bad', icon: CircleX },
  running: { tone: 'accent', icon: Loader },
  waiting: { tone: 'plain', icon: CircleDashed },
} as const satisfies Looks<Verdict | 'running' | 'waiting'>

export function VerdictBadge({ verdict }: { verdict: keyof typeof verdicts }) {
  const { t } = useTranslation()
  return <Badge {...verdicts[verdict]}>{t(`test.${verdict}`)}</Badge>
}
