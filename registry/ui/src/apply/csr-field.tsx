import { Field } from '@twiin/ui-kit'
import { FileUp } from 'lucide-react'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { readCsrFile } from './read-csr.ts'

interface Props {
  value: string
  error: string | undefined
  onChange: (csr: string) => void
}

/** Pasted, or read from a file; either way one sees what is sent. */
export function CsrField({ value, error, onChange }: Props) {
  const { t } = useTranslation()
  const [isTooLong, setIsTooLong] = useState(false)
  const picker = useRef<HTMLInputElement>(null)
  const read = async (file: File | undefined) => {
    if (file === undefined) return
    const text = await readCsrFile(file)
    setIsTooLong(text === undefined)
    if (text !== undefined) onChange(text)
  }
  return (
    <>
      <Field
        label={t('apply.csr')}
        hint={t('apply.csrHint')}
        error={isTooLong ? t('apply.errorCsrLong') : error}
      >
        {(control) => (
          <textarea
            {...control}
            name="csr"
            className="code"
            rows={5}
            spellCheck={false}
            autoComplete="off"
            value={value}
            onChange={({ target }) => {
              setIsTooLong(false)
              onChange(target.value)
            }}
          />
        )}
      </Field>
      <div>
        <button type="button" className="button" onClick={() => picker.current?.click()}>
          <FileUp aria-hidden size={16} />
          {t('apply.csrFile')}
        </button>
        <input
          ref={picker}
          type="file"
          hidden
          accept=".csr,.pem,.der,.p10,application/pkcs10"
          onChange={({ target }) => {
            void read(target.files?.[0])
            target.value = ''
          }}
        />
      </div>
    </>
  )
}
