import { Dialog, Problem, Skeleton } from '@twiin/ui-kit'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import '../i18n/late-shares.ts'
import type { GivenShare, ShareOrder } from '../api-types-shares.ts'
import { ShareFormFields } from './share-form-fields.tsx'
import { useOffers } from './share-queries.ts'
import { ShareResult, shownOnce } from './share-result.tsx'
import type { ShareSubject } from './shareable-study.ts'
import { useLeave } from './use-leave.ts'
import './shares.css'

interface Props {
  subject: ShareSubject
  onClose: () => void
}

/** What, for whom, how and for how long; then the link and the code, which are shown once (spec 25 §6). */
export function ShareDialog({ subject, onClose }: Props) {
  const { t } = useTranslation()
  const offers = useOffers()
  const [given, setGiven] = useState<{ share: GivenShare; order: ShareOrder }>()
  const byMail = given?.order.recipient.email !== undefined
  const leave = useLeave(given === undefined ? [] : shownOnce(given.share, byMail), onClose)
  return (
    <Dialog
      title={t(given === undefined ? 'shares.create.title' : 'shares.given.title')}
      isQuestion={given !== undefined}
      onClose={leave.tryClose}
    >
      {given !== undefined ? (
        <ShareResult
          share={given.share}
          factor={given.order.secondFactor.kind}
          {...{ byMail, leave, onClose }}
        />
      ) : offers.data !== undefined ? (
        <ShareFormFields
          subject={subject}
          offers={offers.data}
          onShared={(share, order) => setGiven({ share, order })}
          onClose={onClose}
        />
      ) : offers.error === null ? (
        <Skeleton rows={6} />
      ) : (
        <Problem error={offers.error} onRetry={() => void offers.refetch()} />
      )}
    </Dialog>
  )
}
