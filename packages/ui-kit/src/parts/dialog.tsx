import { X } from 'lucide-react'
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

interface Props {
  title: string
  onClose: () => void
  /** A question that must be answered: a click beside it does not close it. */
  isQuestion?: boolean
  children: ReactNode
}

/** Keeps the focus inside, closes on Escape, gives the focus back. */
export function Dialog({ title, onClose, isQuestion = false, children }: Props) {
  const { t } = useTranslation()
  return (
    <ModalOverlay
      className="overlay"
      isOpen
      isDismissable={!isQuestion}
      onOpenChange={(open) => {
        if (!open) onClose()
      }}
    >
      <Modal className="modal">
        <AriaDialog className="dialog" role={isQuestion ? 'alertdialog' : 'dialog'}>
          <header className="dialog-header">
            <Heading slot="title" level={2}>
              {title}
            </Heading>
            <button type="button" className="button-icon" aria-label={t('app.close')} onClick={onClose}>
              <X aria-hidden size={20} />
            </button>
          </header>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  )
}
