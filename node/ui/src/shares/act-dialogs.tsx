import { useMutation } from '@tanstack/react-query'
import { Dialog, Field, Problem, say } from '@twiin/ui-kit'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { GivenShare, Share } from '../api-types-shares.ts'
import { useLookAgain } from '../queries.ts'
import { keys } from '../query-keys.ts'
import { GivenOnce } from './given-once.tsx'
import { LeaveQuestion } from './leave-question.tsx'
import { shareCalls } from './share-calls.ts'
import { isPhone, phoneOf } from './share-form.ts'
import type { ShareAct } from './share-look.ts'
import { useShareName } from './share-name.ts'
import { ShareResult, shownOnce } from './share-result.tsx'
import { useLeave } from './use-leave.ts'

interface Props {
  share: Share
  onClose: () => void
}

/** What staff do about a share; each is asked before it happens. */
export function ActDialog({ act, ...props }: Props & { act: ShareAct }) {
  if (act === 'revoke') return <RevokeDialog {...props} />
  return act === 'code' ? <NewCodeDialog {...props} /> : <NewLinkDialog {...props} />
}

function RevokeDialog({ share, onClose }: Props) {
  const { t } = useTranslation()
  const name = useShareName()(share)
  const lookAgain = useLookAgain()
  const revoke = useMutation({
    mutationFn: () => shareCalls.revoke(share.id),
    onSuccess: () => {
      say({ text: t('shares.revoke.done'), tone: 'done' })
      onClose()
    },
    onSettled: () => lookAgain(keys.shares),
  })
  return (
    <Dialog title={t('shares.revoke.title')} isQuestion onClose={onClose}>
      <div className="stack">
        <p>{t('shares.revoke.text', { name })}</p>
        <p className="muted">{t('shares.revoke.final')}</p>
        {revoke.error !== null && <Problem error={revoke.error} />}
        <div className="dialog-foot">
          <button type="button" className="button" onClick={onClose}>
            {t('app.cancel')}
          </button>
          <button
            type="button"
            className="button button-danger"
            disabled={revoke.isPending}
            onClick={() => revoke.mutate()}
          >
            {t('shares.act.revoke')}
          </button>
        </div>
      </div>
    </Dialog>
  )
}

const codeWords = {
  letter: { title: 'titleLetter', text: 'textLetter', submit: 'submit', done: 'done' },
  sms: { title: 'titleSms', text: 'textSms', submit: 'unlock', done: 'done' },
  oidc: { title: 'titleOidc', text: 'textOidc', submit: 'unlock', done: 'doneOidc' },
} as const

function NewCodeDialog({ share, onClose }: Props) {
  const { t } = useTranslation()
  const name = useShareName()(share)
  const lookAgain = useLookAgain()
  const words = codeWords[share.factor]
  const [phone, setPhone] = useState('')
  const [isWrong, setWrong] = useState(false)
  const [code, setCode] = useState<string>()
  const phoneField = useRef<HTMLInputElement>(null)
  const leave = useLeave(code === undefined ? [] : ['code'], onClose)
  const renew = useMutation({
    mutationFn: () => shareCalls.newCode(share.id, phone.trim() === '' ? undefined : phoneOf(phone)),
    gcTime: 0,
    onSuccess: (given) => {
      if (given.code !== undefined) return setCode(given.code)
      say({ text: t(`shares.newCode.${words.done}`, { name }), tone: 'done' })
      onClose()
    },
    onSettled: () => lookAgain(keys.shares),
  })
  const submit = () => {
    const wrong = phone.trim() !== '' && !isPhone(phone)
    setWrong(wrong)
    if (wrong) phoneField.current?.focus()
    else renew.mutate()
  }
  return (
    <Dialog
      title={t(code === undefined ? `shares.newCode.${words.title}` : 'shares.newCode.given')}
      isQuestion
      onClose={leave.tryClose}
    >
      {code === undefined ? (
        <form
          className="stack"
          method="post"
          noValidate
          onSubmit={(event) => {
            event.preventDefault()
            submit()
          }}
        >
          <p>{t(`shares.newCode.${words.text}`, { name })}</p>
          {share.factor === 'sms' && (
            <Field
              label={t('shares.newCode.phone')}
              hint={t('shares.newCode.phoneHint')}
              error={isWrong ? t('shares.create.phoneWrong') : undefined}
            >
              {(control) => (
                <input
                  {...control}
                  ref={phoneField}
                  type="tel"
                  autoComplete="off"
                  maxLength={24}
                  value={phone}
                  onChange={({ target }) => setPhone(target.value)}
                />
              )}
            </Field>
          )}
          {renew.error !== null && <Problem error={renew.error} />}
          <div className="dialog-foot">
            <button type="button" className="button" onClick={onClose}>
              {t('app.cancel')}
            </button>
            <button type="submit" className="button button-primary" disabled={renew.isPending}>
              {t(`shares.newCode.${words.submit}`)}
            </button>
          </div>
        </form>
      ) : (
        <div className="stack">
          <GivenOnce id={share.id} code={code} onTaken={leave.onTaken} />
          <p>{t('shares.given.codeHow')}</p>
          {leave.isAsking ? (
            <LeaveQuestion leave={leave} onClose={onClose} />
          ) : (
            <div className="dialog-foot">
              <button type="button" className="button button-primary" onClick={leave.tryClose}>
                {t('shares.given.close')}
              </button>
            </div>
          )}
        </div>
      )}
    </Dialog>
  )
}

function NewLinkDialog({ share, onClose }: Props) {
  const { t } = useTranslation()
  const name = useShareName()(share)
  const lookAgain = useLookAgain()
  const { email } = share.recipient
  const byMail = email !== undefined
  const [given, setGiven] = useState<GivenShare>()
  const leave = useLeave(given === undefined ? [] : shownOnce(given, byMail), onClose)
  const renew = useMutation({
    mutationFn: () => shareCalls.newLink(share.id),
    gcTime: 0,
    onSuccess: setGiven,
    onSettled: () => lookAgain(keys.shares),
  })
  return (
    <Dialog
      title={t(given === undefined ? 'shares.newLink.title' : 'shares.given.title')}
      isQuestion
      onClose={leave.tryClose}
    >
      {given === undefined ? (
        <div className="stack">
          <p>{t('shares.newLink.text', { name })}</p>
          {byMail && <p>{t('shares.newLink.mail', { email })}</p>}
          <p className="muted">{t('shares.newLink.why')}</p>
          {renew.error !== null && <Problem error={renew.error} />}
          <div className="dialog-foot">
            <button type="button" className="button" onClick={onClose}>
              {t('app.cancel')}
            </button>
            <button
              type="button"
              className="button button-primary"
              disabled={renew.isPending}
              onClick={() => renew.mutate()}
            >
              {t('shares.newLink.submit')}
            </button>
          </div>
        </div>
      ) : (
        <ShareResult share={given} factor={share.factor} {...{ byMail, leave, onClose }} />
      )}
    </Dialog>
  )
}
