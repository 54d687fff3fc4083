import { useMutation } from '@tanstack/react-query'
import { Dialog, Problem } from '@twiin/ui-kit'
import { ExternalLink, MonitorUp } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ownDicomWeb } from './dicomweb-addresses.ts'
import type { OpenedStudy } from './opened-studies.ts'
import { ticketFor } from './viewer-calls.ts'
import type { ViewerTicket } from './viewer-calls.ts'

/** Other viewers: each gets a ticket for this one study, made when somebody asks for it. */
export function OpenElsewhere({ study }: { study: OpenedStudy }) {
  const { t } = useTranslation()
  const [isOpen, setIsOpen] = useState(false)
  const ask = useMutation({ mutationFn: () => ticketFor(study.studyInstanceUid) })
  return (
    <>
      <button
        type="button"
        className="viewer-tool"
        aria-label={t('viewer.elsewhere')}
        title={t('viewer.elsewhere')}
        onClick={() => {
          ask.mutate()
          setIsOpen(true)
        }}
      >
        <MonitorUp aria-hidden size={18} strokeWidth={1.75} />
      </button>
      {isOpen && (
        <Dialog title={t('viewer.elsewhere')} onClose={() => setIsOpen(false)}>
          {ask.error !== null && <Problem error={ask.error} onRetry={() => ask.mutate()} />}
          {ask.data !== undefined && <Choices study={study} ticket={ask.data} />}
        </Dialog>
      )}
    </>
  )
}

function Choices({ study, ticket }: { study: OpenedStudy; ticket: ViewerTicket }) {
  const { t } = useTranslation()
  return (
    <div className="stack">
      <div>
        <a className="button" href={weasisLink(study.studyInstanceUid, ticket.ticket)}>
          <ExternalLink aria-hidden size={16} />
          {t('viewer.weasis')}
        </a>
        <p className="small">{t('viewer.weasisHelp')}</p>
      </div>
      {ticket.ohifUrl !== undefined && (
        <div>
          <a
            className="button"
            href={ohifLink(ticket.ohifUrl, study.studyInstanceUid, ticket.ticket)}
            target="_blank"
            rel="noreferrer"
          >
            <ExternalLink aria-hidden size={16} />
            {t('viewer.ohif')}
          </a>
        </div>
      )}
      <p className="small">{t('viewer.ticketHelp')}</p>
    </div>
  )
}

/** As Weasis 4 and later register it with the system. A UID and a ticket hold nothing that could end a quoted word. */
function weasisLink(studyInstanceUid: string, ticket: string): string {
  const command = [
    `$dicom:rs --url "${ownDicomWeb()}"`,
    `-r "studyUID=${studyInstanceUid}"`,
    `-H "Authorization: Bearer ${ticket}"`,
  ]
  return `weasis://${encodeURIComponent(command.join(' '))}`
}

const ohifLink = (url: string, studyInstanceUid: string, ticket: string) =>
  `${url}?${new URLSearchParams({ StudyInstanceUIDs: studyInstanceUid, token: ticket }).toString()}`
