import { useTranslation } from 'react-i18next'
import type { FoundStudy } from '../api-types.ts'

export function StudyDetails({ study, also }: { study: FoundStudy; also: readonly string[] }) {
  const { t, i18n } = useTranslation()
  const bytes = study.bytes
  return (
    <dl className="facts facts-wide">
      {study.detail === 'index' && (
        <div>
          <dt>{t('timeline.state')}</dt>
          <dd>{t('timeline.indexOnlyHelp')}</dd>
        </div>
      )}
      {study.studyInstanceUid !== null && (
        <div>
          <dt>{t('timeline.uid')}</dt>
          <dd className="code">{study.studyInstanceUid}</dd>
        </div>
      )}
      <div>
        <dt>{t('timeline.handle')}</dt>
        <dd className="code">{study.handle}</dd>
      </div>
      <div>
        <dt>{t('timeline.size')}</dt>
        <dd>
          {study.instances.toLocaleString(i18n.language)}
          {bytes > 0 && ` · ${bytes.toLocaleString(i18n.language)} bytes`}
        </dd>
      </div>
      <div>
        <dt>{t('timeline.also')}</dt>
        <dd>{also.length === 0 ? t('timeline.alsoNone') : also.join(', ')}</dd>
      </div>
    </dl>
  )
}
