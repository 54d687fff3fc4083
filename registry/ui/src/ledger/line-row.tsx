import { formatMoment } from '@twiin/ui-kit'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { LineProof } from './line-proof.tsx'
import type { LedgerLine } from './read-line.ts'
import type { LineWords } from './use-line-words.ts'

interface Props {
  line: LedgerLine
  words: LineWords
  isOpen: boolean
  /** It is what one came for. */
  isWanted: boolean
  onToggle: () => void
}

export function LineRow({ line, words, isOpen, isWanted, onToggle }: Props) {
  const { t, i18n } = useTranslation()
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (!isWanted) return
    button.current?.focus({ preventScroll: true })
    button.current?.scrollIntoView({ block: 'center' })
  }, [isWanted])
  const { index, at } = line
  return (
    <>
      <tr className="row" data-open={isOpen}>
        <td className="main-cell">
          <button
            ref={button}
            type="button"
            className="row-button"
            data-row={index}
            aria-expanded={isOpen}
            onClick={onToggle}
          >
            {words.act}
          </button>
          {words.detail !== '' && <span className="muted small block">{words.detail}</span>}
        </td>
        <td className="about-cell">{words.about}</td>
        <td>{words.who}</td>
        <td className="nowrap">
          {at === undefined ? '' : formatMoment(new Date(at).toISOString(), i18n.language)}
        </td>
        <td className="end nowrap muted">#{index}</td>
      </tr>
      {isOpen && (
        <tr className="row-details">
          <td colSpan={5}>
            <div className="detail-columns">
              <LineProof line={line} />
              <div className="stack">
                <h2>{t('ledger.raw')}</h2>
                <pre className="raw" tabIndex={0} role="region" aria-label={t('ledger.raw')}>
                  {pretty(line.line)}
                </pre>
              </div>
            </div>
          </td>
        </tr>
      )}
    </>
  )
}

/** Indented for the eye; what is proven is the line itself. */
function pretty(line: string): string {
  try {
    return JSON.stringify(JSON.parse(line), undefined, 2)
  } catch {
    return line
  }
}
