import { useQuery } from '@tanstack/react-query'
import { Badge, formatBytes, formatInstant, Problem, Skeleton, useCodeText, useInterval } from '@twiin/ui-kit'
import { CircleAlert, CircleCheck, Loader } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { useNavigate, useParams } from 'react-router'
import { api } from '../api.ts'
import type { Disc } from '../api-types-work.ts'
import { PageTitle } from '../parts/page-title.tsx'
import { keys } from '../query-keys.ts'
import { DiscReview } from '../upload/disc-review.tsx'
import { DropZone } from '../upload/drop-zone.tsx'
import { useUpload } from '../upload/use-upload.ts'
import type { Upload } from '../upload/use-upload.ts'

const looks = {
  reading: { tone: 'accent', icon: Loader },
  ready: { tone: 'good', icon: CircleCheck },
  refused: { tone: 'bad', icon: CircleAlert },
} as const

/** Studies from files, folders, zips and discs (J10): sent to the node, looked at, and only then taken in. */
export function UploadPage() {
  const { t } = useTranslation()
  const { id } = useParams()
  const navigate = useNavigate()
  const { upload, error, begin } = useUpload((disc) => void navigate(`/inlezen/${disc}`))
  const every = useInterval()
  const discs = useQuery({
    queryKey: keys.discs,
    queryFn: async () => (await api.discs()).discs,
    refetchInterval: ({ state }) => (state.data?.some((disc) => disc.state === 'reading') ? 2000 : every),
  })
  return (
    <>
      <PageTitle title={t('upload.title')} />
      <p className="lead">{t('upload.lead')}</p>
      <DropZone isBusy={upload !== undefined} onFiles={(files) => void begin(files)} />
      {upload !== undefined && <UploadProgress upload={upload} />}
      {error !== undefined && <Problem error={error} />}
      {discs.error !== null && <Problem error={discs.error} onRetry={() => void discs.refetch()} />}
      {discs.data === undefined && discs.error === null && <Skeleton rows={3} />}
      {discs.data !== undefined && discs.data.length > 0 && (
        <section className="stack">
          <h2>{t('upload.here')}</h2>
          <ul className="plain-list">
            {discs.data.map((disc) => (
              <DiscLine
                key={disc.id}
                disc={disc}
                isOpen={disc.id === id}
                onOpen={() => void navigate(disc.id === id ? '/inlezen' : `/inlezen/${disc.id}`)}
              />
            ))}
          </ul>
        </section>
      )}
      {id !== undefined && <DiscReview key={id} id={id} onGone={() => void navigate('/inlezen')} />}
    </>
  )
}

function DiscLine({ disc, isOpen, onOpen }: { disc: Disc; isOpen: boolean; onOpen: () => void }) {
  const { t, i18n } = useTranslation()
  const codeText = useCodeText()
  return (
    <li>
      <button type="button" className="disc-line" aria-expanded={isOpen} onClick={onOpen}>
        <span className="strong">{formatInstant(disc.receivedAt, i18n.language)}</span>
        <span>{formatBytes(disc.bytes, i18n.language)}</span>
        <Badge {...looks[disc.state]}>{t(`upload.${disc.state}`)}</Badge>
        {disc.reason !== undefined && <span>{codeText(disc.reason)}</span>}
        {disc.counts !== undefined && (
          <span className="muted">
            {t('upload.counts', { dicom: disc.counts.dicom, files: disc.counts.files })}
          </span>
        )}
        <span className="muted small">
          {t('upload.expires', { at: formatInstant(disc.expiresAt, i18n.language) })}
        </span>
      </button>
    </li>
  )
}

function UploadProgress({ upload: { step, files, done, total, stop } }: { upload: Upload }) {
  const { t, i18n } = useTranslation()
  const percent = total === 0 ? 0 : Math.floor((done / total) * 100)
  const words = t(`upload.step.${step}`, {
    files,
    percent,
    done: formatBytes(done, i18n.language),
    total: formatBytes(total, i18n.language),
  })
  return (
    <div className="card stack">
      <div
        className="progress-track"
        role="progressbar"
        aria-label={t('upload.progress')}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
        aria-valuetext={words}
      >
        <div className="progress-bar" style={{ inlineSize: `${percent}%` }} />
      </div>
      <p>{words}</p>
      <div>
        <button type="button" className="button button-small" onClick={stop}>
          {t('app.cancel')}
        </button>
      </div>
    </div>
  )
}
