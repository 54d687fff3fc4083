import { useCodeText } from '@twiin/ui-kit'
import { CircleCheck, CircleX, TriangleAlert } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Application } from '../api-types.ts'

const icons = { passed: CircleCheck, warned: TriangleAlert, failed: CircleX }
const order = ['failed', 'warned', 'passed']

/** What a machine can say of an application: failures on top, so that nobody reads past them. */
export function CheckList({ application: { checks } }: { application: Application }) {
  const { t, i18n } = useTranslation()
  const codeText = useCodeText()
  const sorted = [...checks].sort((a, b) => order.indexOf(a.result) - order.indexOf(b.result))
  const nameOf = (name: string) => (i18n.exists(`check.${name}`) ? t(`check.${name}` as 'check.name') : name)
  return (
    <section className="card stack" aria-labelledby="checks">
      <h2 id="checks">{t('application.checks')}</h2>
      {checks.length === 0 && <p className="muted">{t('application.checksClosed')}</p>}
      <ul className="checks">
        {sorted.map(({ name, result, detail }) => {
          const Icon = icons[result]
          return (
            <li key={name} className={`check-line check-${result}`}>
              <Icon aria-hidden size={18} />
              <span>
                {nameOf(name)}
                <span className="hidden-text">: {t(`application.${result}`)}</span>
                {detail !== undefined && <span className="muted small block">{codeText(detail)}</span>}
              </span>
            </li>
          )
        })}
      </ul>
    </section>
  )
}
