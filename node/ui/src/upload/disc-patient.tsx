import { useMutation } from '@tanstack/react-query'
import { Badge, Field, formatBytes, formatDate, Problem, say } from '@twiin/ui-kit'
import { CircleCheck, Download, Send, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { PatientOnDisc, StudyOnDisc } from '../api-types-work.ts'
import { formatName } from '../format.ts'
import { Modalities } from '../parts/modalities.tsx'
import { SendDialog } from '../parts/send-dialog.tsx'
import { TransferState } from '../parts/transfer-state.tsx'
import { useLookAgain, useTransfers } from '../queries.ts'
import { keys } from '../query-keys.ts'

/** One person as the files name them. Whose they are here, somebody says by two identifiers, or filing finds out. */
export function DiscPatient({ discId, patient }: { discId: string; patient: PatientOnDisc }) {
  const { t, i18n } = useTranslation()
  const lookAgain = useLookAgain()
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set())
  const [stated, setStated] = useState({ localId: '', birthDate: '' })
  const [sending, setSending] = useState<StudyOnDisc>()
  const open = patient.studies.filter(({ transferId }) => transferId === undefined)
  const wanted = open.filter(({ studyInstanceUid }) => !left.has(studyInstanceUid))
  const isStated = stated.localId.trim() !== ''
  const isMismatch = isStated && stated.birthDate !== '' && stated.birthDate !== patient.birthDate
  const takeIn = useMutation({
    mutationFn: () =>
      api.takeIn(discId, [
        {
          key: patient.key,
          studyInstanceUids: wanted.map(({ studyInstanceUid }) => studyInstanceUid),
          ...(isStated ? { patient: { localId: stated.localId.trim(), birthDate: stated.birthDate } } : {}),
        },
      ]),
    onSuccess: ({ transfers }) => {
      const link = { to: '/overdrachten?toon=in', text: t('send.follow') }
      say({ text: t('upload.taken', { count: transfers.length }), tone: 'done', link })
    },
    onSettled: () => {
      lookAgain(keys.disc(discId))
      lookAgain(keys.transfers)
    },
  })
  return (
    <article className="card stack">
      <h3>
        {formatName(patient.name) || t('app.unknown')}{' '}
        <span className="muted">
          {formatDate(patient.birthDate, i18n.language)} · {patient.sex} · {patient.localId}
          {patient.bsn !== null && ` · BSN ${patient.bsn}`}
        </span>
      </h3>
      <ul className="plain-list disc-studies">
        {patient.studies.map((study) => (
          <DiscStudy
            key={study.studyInstanceUid}
            study={study}
            isWanted={!left.has(study.studyInstanceUid)}
            onToggle={() =>
              setLeft((before) => {
                const next = new Set(before)
                if (!next.delete(study.studyInstanceUid)) next.add(study.studyInstanceUid)
                return next
              })
            }
            onSend={() => setSending(study)}
          />
        ))}
      </ul>
      {open.length > 0 && (
        <form
          className="disc-intake"
          method="post"
          onSubmit={(event) => {
            event.preventDefault()
            takeIn.mutate()
          }}
        >
          <Field label={t('upload.localId')} hint={t('upload.localIdHint')}>
            {(control) => (
              <input
                {...control}
                autoComplete="off"
                maxLength={64}
                value={stated.localId}
                onChange={({ target }) => setStated((before) => ({ ...before, localId: target.value }))}
              />
            )}
          </Field>
          <Field label={t('search.birthDate')} hint=" " error={isMismatch ? t('upload.mismatch') : undefined}>
            {(control) => (
              <input
                {...control}
                type="date"
                required={isStated}
                disabled={!isStated}
                value={stated.birthDate}
                onChange={({ target }) => setStated((before) => ({ ...before, birthDate: target.value }))}
              />
            )}
          </Field>
          <button
            type="submit"
            className="button button-primary"
            disabled={takeIn.isPending || wanted.length === 0 || isMismatch}
          >
            <Download aria-hidden size={16} />
            {t('upload.takeIn', { count: wanted.length })}
          </button>
        </form>
      )}
      {takeIn.error !== null && <Problem error={takeIn.error} />}
      {sending !== undefined && <SendDialog studies={[sending]} onClose={() => setSending(undefined)} />}
    </article>
  )
}

interface StudyProps {
  study: StudyOnDisc
  isWanted: boolean
  onToggle: () => void
  onSend: () => void
}

function DiscStudy({ study, isWanted, onToggle, onSend }: StudyProps) {
  const { t, i18n } = useTranslation()
  const { data } = useTransfers()
  const { transferId, here, differs, instances } = study
  const transfer =
    transferId === undefined
      ? undefined
      : data?.pages.flatMap(({ transfers }) => transfers).find(({ id }) => id === transferId)
  const name = study.description || t('timeline.noDescription')
  return (
    <li className="disc-study">
      {transferId === undefined ? (
        <label className="check">
          <input type="checkbox" checked={isWanted} onChange={onToggle} />
          {name}
        </label>
      ) : (
        <span className="strong">{name}</span>
      )}
      <span className="nowrap">{formatDate(study.studyDate, i18n.language)}</span>
      <Modalities codes={study.modalities} />
      <span className="muted small">
        {t('timeline.images', { count: instances })} · {formatBytes(study.bytes, i18n.language)} ·{' '}
        {study.institution}
      </span>
      {here > 0 && (
        <Badge tone="good" icon={CircleCheck}>
          {t('upload.hereAlready', { here, instances })}
        </Badge>
      )}
      {differs > 0 && (
        <Badge tone="bad" icon={TriangleAlert}>
          {t('upload.differs', { count: differs })}
        </Badge>
      )}
      {transfer !== undefined && <TransferState transfer={transfer} />}
      {transferId !== undefined && (
        <button
          type="button"
          className="button button-small"
          aria-label={t('timeline.sendLong', { study: name })}
          onClick={onSend}
        >
          <Send aria-hidden size={14} />
          {t('inbox.sendOn')}
        </button>
      )}
    </li>
  )
}
