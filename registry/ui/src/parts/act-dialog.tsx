import { Dialog, Problem } from '@twiin/ui-kit'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

interface Props {
  title: string
  act: { readonly isPending: boolean; readonly error: Error | null }
  /** What the button that does it says; undefined when it cannot be done any more. */
  submit: string | undefined
  isDanger?: boolean
  cancel?: string
  /** The field of `useConfirmation`, where the act takes a code. */
  confirmation?: ReactNode
  onSubmit: () => void
  onClose: () => void
  children: ReactNode
}

/** A question with one act behind it: its fields, the code it takes, what went wrong, and two buttons. */
export function ActDialog({ title, act, submit, cancel, confirmation, children, ...props }: Props) {
  const { t } = useTranslation()
  const { isDanger = false, onSubmit, onClose } = props
  return (
    <Dialog title={title} isQuestion onClose={onClose}>
      <form
        className="stack"
        method="post"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          onSubmit()
        }}
      >
        {children}
        {confirmation}
        {act.error !== null && <Problem error={act.error} />}
        <div className="dialog-foot">
          <button type="button" className="button" onClick={onClose}>
            {cancel ?? t('app.cancel')}
          </button>
          {submit !== undefined && (
            <button
              type="submit"
              className={isDanger ? 'button button-danger' : 'button button-primary'}
              disabled={act.isPending}
            >
              {submit}
            </button>
          )}
        </div>
      </form>
    </Dialog>
  )
}
