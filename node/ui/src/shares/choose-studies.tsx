import { formatBytes, formatDate } from '@twiin/ui-kit'
import { CircleAlert } from 'lucide-react'
import { useId, useState } from 'react'
import type { Ref } from 'react'
import { useTranslation } from 'react-i18next'
import { Modalities } from '../parts/modalities.tsx'
import type { ShareableStudy } from './shareable-study.ts'

/** So many stand in the dialog; more is for the list it was opened from. */
const most = 100

interface Props {
  studies: readonly ShareableStudy[]
  chosen: ReadonlySet<string>
  onChosen: (chosen: ReadonlySet<string>) => void
  /** Of what has to be mended. */
  error: string | undefined
  first: Ref<HTMLInputElement>
}

/** All studies of the patient, with those ticked that go along. */
export function ChooseStudies({ studies, chosen, onChosen, error, first }: Props) {
  const { t, i18n } = useTranslation()
  const id = useId()
  // Once: what is ticked stays where it stands.
  const [ordered] = useState(() => chosenFirst(studies, chosen))
  const toggle = (uid: string) => {
    const next = new Set(chosen)
    if (!next.delete(uid)) next.add(uid)
    onChosen(next)
  }
  return (
    <fieldset className="choices" aria-describedby={error === undefined ? undefined : id}>
      <legend>{t('shares.create.studies')}</legend>
      <ul className="plain-list send-studies share-studies">
        {ordered.slice(0, most).map((study, at) => (
          <li key={study.studyInstanceUid}>
            <label className="check">
              <input
                ref={at === 0 ? first : undefined}
                type="checkbox"
                checked={chosen.has(study.studyInstanceUid)}
                aria-invalid={error !== undefined}
                onChange={() => toggle(study.studyInstanceUid)}
              />
              <span className="share-study">
                <span className="nowrap">
                  {formatDate(study.studyDate, i18n.language) || t('app.unknown')}
                </span>
                <Modalities codes={[...study.modalities]} />
                <span>{study.description || t('timeline.noDescription')}</span>
                <span className="muted small">
                  {t('timeline.images', { count: study.instances })}
                  {study.bytes > 0 && `, ${formatBytes(study.bytes, i18n.language)}`}
                  {study.reports > 0 && `, ${t('timeline.report', { count: study.reports })}`}
                </span>
                {study.elsewhere !== undefined && (
                  <span className="muted small">
                    {t('shares.create.elsewhere', { name: study.elsewhere })}
                  </span>
                )}
              </span>
            </label>
          </li>
        ))}
      </ul>
      {studies.length > most && <p className="hint">{t('shares.create.more', { count: most })}</p>}
      {error !== undefined && (
        <p id={id} className="hint hint-error">
          <CircleAlert aria-hidden size={14} />
          {error}
        </p>
      )}
    </fieldset>
  )
}

const chosenFirst = (studies: readonly ShareableStudy[], chosen: ReadonlySet<string>) =>
  [true, false].flatMap((isChosen) =>
    studies.filter(({ studyInstanceUid }) => chosen.has(studyInstanceUid) === isChosen),
  )
