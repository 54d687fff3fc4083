import { useMutation } from '@tanstack/react-query'
import { Problem } from '@twiin/ui-kit'
import { Copy, Eye, FileText } from 'lucide-react'
import { useEffect, useId, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { shareCalls } from './share-calls.ts'
import type { Once } from './use-leave.ts'

interface Props {
  id: string
  url?: string | undefined
  code?: string | undefined
  onTaken: (what: Once) => void
}

/** The link and the code, this one time: to copy, or as a letter each. The focus comes here first. */
export function GivenOnce({ id, url, code, onTaken }: Props) {
  const { t } = useTranslation()
  const warning = useRef<HTMLDivElement>(null)
  useEffect(() => warning.current?.focus(), [])
  return (
    <>
      <div ref={warning} tabIndex={-1} className="notice notice-warning">
        <Eye aria-hidden size={20} />
        <div>
          <strong>{t('shares.given.once')}</strong>
          <p>{t('shares.given.onceText')}</p>
        </div>
      </div>
      {url !== undefined && <Given id={id} what="link" text={url} shown={url} onTaken={onTaken} />}
      {code !== undefined && <Given id={id} what="code" text={code} shown={inTwo(code)} onTaken={onTaken} />}
    </>
  )
}

/** Ten characters are read aloud and copied by hand as five and five. */
const inTwo = (code: string) => (/^\w{10}$/.test(code) ? `${code.slice(0, 5)} ${code.slice(5)}` : code)

const words = {
  link: { label: 'link', copy: 'copyLink', letter: 'letterLink', file: 'linkFile' },
  code: { label: 'code', copy: 'copyCode', letter: 'letterCode', file: 'codeFile' },
} as const

interface GivenProps {
  id: string
  what: Once
  text: string
  shown: string
  onTaken: (what: Once) => void
}

function Given({ id, what, text, shown, onTaken }: GivenProps) {
  const { t } = useTranslation()
  const { label, copy, letter, file } = words[what]
  const field = useRef<HTMLInputElement>(null)
  const fieldId = useId()
  const [copied, setCopied] = useState<boolean>()
  const print = useMutation({
    mutationFn: () => shareCalls.letter(id, what === 'link' ? { url: text } : { code: text }),
    gcTime: 0,
    onSuccess: (pdf) => {
      save(pdf, `${t(`shares.given.${file}`)}-${id.slice(0, 8)}.pdf`)
      onTaken(what)
    },
  })
  const take = async () => {
    try {
      await navigator.clipboard.writeText(shown)
      setCopied(true)
      onTaken(what)
    } catch {
      // Not allowed here: the person does it.
      field.current?.select()
      setCopied(false)
    }
  }
  return (
    <div className="field given">
      <label htmlFor={fieldId}>{t(`shares.given.${label}`)}</label>
      <input
        ref={field}
        id={fieldId}
        className={what === 'code' ? 'given-code code' : 'code'}
        readOnly
        spellCheck={false}
        value={shown}
        onFocus={({ target }) => target.select()}
        onCopy={() => onTaken(what)}
      />
      <div className="given-buttons">
        <button type="button" className="button" onClick={() => void take()}>
          <Copy aria-hidden size={16} />
          {t(`shares.given.${copy}`)}
        </button>
        <button
          type="button"
          className="button"
          aria-disabled={print.isPending}
          onClick={() => (print.isPending ? undefined : print.mutate())}
        >
          <FileText aria-hidden size={16} />
          {print.isPending ? t('shares.given.letterMaking') : t(`shares.given.${letter}`)}
        </button>
        <span role="status" className={copied === false ? 'small' : 'muted small'}>
          {copied === undefined ? '' : t(copied ? 'shares.given.copied' : 'shares.given.copyFailed')}
        </span>
      </div>
      {print.error !== null && <Problem error={print.error} />}
    </div>
  )
}

function save(pdf: Blob, name: string): void {
  const url = URL.createObjectURL(pdf)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // Chromium begins to read it after the click.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
