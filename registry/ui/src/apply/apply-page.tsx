import { CircleCheck } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { api } from '../api.ts'
import { statusAddress } from '../applicant/status-address.ts'
import { Title } from '../frame/title.tsx'
import { CopyButton } from '../parts/copy-button.tsx'
import { ApplicationForm } from './application-form.tsx'
import { emptyForm } from './form-values.ts'

/** How a clinic begins (J1): the form, and then the one address under which its application is found again. */
export function ApplyPage() {
  const { t } = useTranslation()
  const [sent, setSent] = useState<{ id: string; statusToken: string }>()
  if (sent !== undefined) return <Sent {...sent} />
  return (
    <div className="narrow">
      <Title title={t('apply.title')} />
      <p className="lead">{t('apply.lead')}</p>
      <ApplicationForm
        initial={emptyForm()}
        submit={t('apply.submit')}
        onSend={api.apply}
        onSent={(answer) => {
          setSent(answer)
          scrollTo(0, 0)
        }}
      />
    </div>
  )
}

function Sent({ id, statusToken }: { id: string; statusToken: string }) {
  const { t } = useTranslation()
  const path = statusAddress(id, statusToken)
  const address = `${location.origin}${path}`
  return (
    <div className="narrow" role="status">
      <Title title={t('apply.sentTitle')} />
      <p className="notice verdict-good">
        <CircleCheck aria-hidden size={22} />
        <span>{t('apply.sentNext')}</span>
      </p>
      <section className="card stack" aria-labelledby="address">
        <h2 id="address">{t('apply.statusAddress')}</h2>
        <p>{t('apply.sentText')}</p>
        <div className="token">
          <code className="token-text token-long">{address}</code>
          <CopyButton text={address} />
        </div>
        <div>
          <Link to={path} className="button button-primary">
            {t('apply.toStatus')}
          </Link>
        </div>
      </section>
    </div>
  )
}
