import { formatInstant, Problem } from '@twiin/ui-kit'
import { CalendarClock } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { PartProps } from './share-form.ts'
import { openingOf } from './share-form.ts'
import { useSharePreview } from './share-queries.ts'
import type { ShareSubject } from './shareable-study.ts'

/** From when till when it works. A young report holds it back, unless it was talked over. */
export function OpeningNotice({ subject, form, offers, change }: PartProps & { subject: ShareSubject }) {
  const { t, i18n } = useTranslation()
  const { data, error, refetch } = useSharePreview(openingOf(subject, form), form.chosen.size > 0)
  const [now] = useState(() => Date.now())
  if (form.chosen.size === 0) return null
  if (data === undefined)
    return error === null ? <p className="hint" /> : <Problem error={error} onRetry={() => void refetch()} />
  const isHeldBack = Date.parse(data.opensAt) > now + 60_000
  // How long it works is counted from when it opens.
  const days = Date.parse(data.expiresAt) - Date.parse(data.opensAt)
  const end = isHeldBack && form.discussed ? new Date(now + days).toISOString() : data.expiresAt
  const until = formatInstant(end, i18n.language)
  if (!isHeldBack) return <p className="muted small">{t('shares.create.opensNow', { until })}</p>
  return (
    <div className="notice notice-warning">
      <CalendarClock aria-hidden size={20} />
      <div>
        <p>
          {form.discussed
            ? t('shares.create.opensNow', { until })
            : t('shares.create.opensLater', {
                at: formatInstant(data.opensAt, i18n.language),
                count: offers.reportDelayDays,
                until,
              })}
        </p>
        <label className="check">
          <input
            type="checkbox"
            checked={form.discussed}
            onChange={({ target }) => change({ discussed: target.checked })}
          />
          {t('shares.create.discussed')}
        </label>
      </div>
    </div>
  )
}
