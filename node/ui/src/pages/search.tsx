import { useMutation } from '@tanstack/react-query'
import { ApiError, Empty, Problem, Skeleton } from '@twiin/ui-kit'
import { SearchX, Stethoscope, Unplug, UserRoundSearch } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate, useParams } from 'react-router'
import { api } from '../api.ts'
import type { FoundStudy, PatientSearch, SearchQuestion } from '../api-types.ts'
import { questionOf, rememberQuestion } from '../last-question.ts'
import { launchedStudyOf, leaveLaunchProblem, leaveLaunchedBsn, useLaunchProblem } from '../launch.ts'
import { EmergencyDialog } from '../parts/emergency-dialog.tsx'
import { FoundPatient } from '../parts/found-patient.tsx'
import { HolderChips } from '../parts/holder-chips.tsx'
import { PageTitle } from '../parts/page-title.tsx'
import { SearchForm } from '../parts/search-form.tsx'
import { SendDialog } from '../parts/send-dialog.tsx'
import { useSearch } from '../queries.ts'
import { LazyShareDialog } from '../shares/lazy-share-dialog.tsx'
import type { ShareSubject } from '../shares/shareable-study.ts'
import { FoundStudies } from '../timeline/found-studies.tsx'

/** Find a patient's studies everywhere (J4), bring them here (J5). The address holds the search's id, never a BSN. */
export function SearchPage() {
  const { t } = useTranslation()
  const { id } = useParams()
  const navigate = useNavigate()
  const begin = useMutation({
    mutationFn: (question: SearchQuestion) => api.beginSearch(question),
    onMutate: leaveLaunchProblem,
    onSuccess: (begun, question) => {
      rememberQuestion(begun.id, question)
      void navigate(`/zoeken/${begun.id}`)
    },
  })
  const asked = id === undefined ? undefined : questionOf(id)
  const [emergencyFor, setEmergencyFor] = useState<string>()
  const [boxes, setBoxes] = useState(0)
  const launchProblem = useLaunchProblem()
  return (
    <>
      <PageTitle title={t('search.title')} />
      {launchProblem !== undefined && <Problem error={launchProblem} />}
      <SearchForm
        // The BSN leaves the field when a box is opened too.
        key={boxes}
        isStarting={begin.isPending}
        isFirst={id === undefined}
        onSearch={(question) => begin.mutateAsync(question)}
        lastBsn={asked?.bsn}
        onEmergency={setEmergencyFor}
      />
      {emergencyFor !== undefined && (
        <EmergencyDialog
          bsn={emergencyFor}
          onClose={() => setEmergencyFor(undefined)}
          onOpened={({ reason }) => {
            setEmergencyFor(undefined)
            leaveLaunchedBsn()
            setBoxes((count) => count + 1)
            begin.mutate({ bsn: emergencyFor, purpose: { basis: 'emergency', reason } })
          }}
        />
      )}
      {begin.error !== null && <Problem error={begin.error} />}
      {id === undefined ? (
        begin.isPending ? (
          <Skeleton rows={6} />
        ) : (
          <Empty icon={Stethoscope} title={t('search.emptyTitle')} text={t('search.emptyText')} />
        )
      ) : (
        <SearchResult
          key={id}
          id={id}
          bsn={asked?.bsn}
          onAgain={asked === undefined ? undefined : () => begin.mutate(asked)}
        />
      )}
    </>
  )
}

interface ResultProps {
  id: string
  bsn: string | undefined
  onAgain: (() => void) | undefined
}

function SearchResult({ id, bsn, onAgain }: ResultProps) {
  const { t } = useTranslation()
  const { data: search, error, refetch } = useSearch(id)
  const [sending, setSending] = useState<FoundStudy>()
  const [sharing, setSharing] = useState<ShareSubject>()
  // Out of the form, so that the next key (an arrow, R) is for the result.
  useEffect(() => document.getElementById('content')?.focus({ preventScroll: true }), [])
  if (search === undefined) {
    if (error === null) return <Skeleton rows={8} />
    return error instanceof ApiError && error.status === 404 ? (
      <Empty icon={SearchX} title={t('search.goneTitle')} text={t('search.goneText')} />
    ) : (
      <Problem error={error} onRetry={() => void refetch()} />
    )
  }
  return (
    <>
      <FoundPatient search={search} bsn={bsn} />
      <HolderChips search={search} onAgain={onAgain} />
      <Outcome search={search} />
      <FoundStudies search={search} wanted={launchedStudyOf(bsn)} onSend={setSending} onShare={setSharing} />
      {sharing !== undefined && <LazyShareDialog subject={sharing} onClose={() => setSharing(undefined)} />}
      {sending !== undefined && sending.studyInstanceUid !== null && (
        <SendDialog
          studies={[{ ...sending, studyInstanceUid: sending.studyInstanceUid }]}
          onClose={() => setSending(undefined)}
        />
      )}
    </>
  )
}

/** Refusals that say: perhaps this is another patient. */
const doubts: ReadonlySet<string> = new Set(['IDENTITY_MISMATCH', 'BLOCKED'])

/** The ends of a search that need words: nothing found, nobody reached, whose they are in doubt. */
function Outcome({ search }: { search: PatientSearch }) {
  const { t } = useTranslation()
  if (!search.complete) return null
  const others = search.holders.length
  const inDoubt = search.holders.filter(({ reason = '' }) => doubts.has(reason))
  if (inDoubt.length > 0)
    return (
      <div className="notice notice-warning">
        <UserRoundSearch aria-hidden size={20} />
        <div>
          <strong>{t('found.doubtTitle')}</strong>
          <p>{t('found.doubtText', { names: inDoubt.map(({ name }) => name).join(', ') })}</p>
        </div>
      </div>
    )
  if (others > 0 && search.holders.every(({ status }) => status === 'unreachable'))
    return (
      <div className="notice notice-warning">
        <Unplug aria-hidden size={20} />
        <div>
          <strong>{t('search.allDownTitle')}</strong>
          <p>{t('search.allDownText')}</p>
        </div>
      </div>
    )
  return search.studies.length === 0 ? (
    <Empty icon={SearchX} title={t('search.noneTitle')} text={t('search.noneText')} />
  ) : null
}
