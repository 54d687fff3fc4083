import { useMutation } from '@tanstack/react-query'
import { CircleCheck, CircleHelp, CircleX, ShieldAlert, ShieldCheck, ShieldQuestion } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import { proveLine } from '../proof/verify-line.ts'
import type { Judgement, Proof } from '../proof/verify-line.ts'
import type { LedgerLine } from './read-line.ts'
import { verdictOf } from './verdict.ts'

/** The proof of one line, computed in this browser at the press of a button, with a verdict and how it came about. */
export function LineProof({ line: { index, line } }: { line: LedgerLine }) {
  const { t } = useTranslation()
  const prove = useMutation({ mutationFn: () => proveLine(line, index, api) })
  const { data, error, isPending } = prove
  return (
    <div className="stack proof">
      <h2>{t('proof.title')}</h2>
      <p>{t('proof.text')}</p>
      <div>
        <button
          type="button"
          className="button button-primary"
          disabled={isPending}
          onClick={() => prove.mutate()}
        >
          {t(isPending ? 'proof.busy' : data === undefined ? 'proof.check' : 'proof.again')}
        </button>
      </div>
      <div role="status" className="stack">
        {error !== null && (
          <p className="notice notice-warning">
            {t(error.message === 'NO_CHECKPOINT' ? 'proof.notYet' : 'proof.failed')}
          </p>
        )}
        {data !== undefined && <Verdict proof={data} index={index} />}
      </div>
    </div>
  )
}

const looks = {
  held: { icon: ShieldCheck, className: 'notice verdict-good' },
  heldFounding: { icon: ShieldQuestion, className: 'notice' },
  heldAlone: { icon: ShieldQuestion, className: 'notice notice-warning' },
  unknown: { icon: ShieldQuestion, className: 'notice notice-warning' },
  broken: { icon: ShieldAlert, className: 'notice notice-error' },
} as const

function Verdict({ proof, index }: { proof: Proof; index: number }) {
  const { t } = useTranslation()
  const verdict = verdictOf(proof)
  const { icon: Icon, className } = looks[verdict]
  const { inclusion, logSignature, cosignatures, cosigners, quorum, phase, steps, size, root, computed } =
    proof
  const enough = cosigners.length >= quorum
  const words =
    cosignatures === 'broken'
      ? 'proof.cosignersBroken'
      : phase === 'founding'
        ? 'proof.cosignersFounding'
        : 'proof.cosigners'
  const signature = {
    held: 'proof.signature',
    broken: 'proof.signatureBroken',
    unknown: 'proof.signatureUnknown',
  } as const
  return (
    <>
      <p className={className}>
        <Icon aria-hidden size={22} />
        <strong>{t(`proof.${verdict}`)}</strong>
      </p>
      {verdict === 'broken' && <p>{t('proof.mend')}</p>}
      <ul className="checks">
        <Step judgement={inclusion}>
          {t(inclusion === 'held' ? 'proof.inclusion' : 'proof.inclusionBroken', { index, steps, size })}
        </Step>
        <Step judgement={logSignature}>{t(signature[logSignature])}</Step>
        {logSignature !== 'unknown' && (
          <Step judgement={cosignatures !== 'held' ? cosignatures : enough ? 'held' : 'unknown'}>
            {t(words, { count: cosigners.length, quorum })}
          </Step>
        )}
      </ul>
      <dl className="facts">
        <div>
          <dt>{t('proof.root')}</dt>
          <dd className="code">{root}</dd>
        </div>
        <div>
          <dt>{t('proof.computed')}</dt>
          <dd className="code">{computed ?? '–'}</dd>
        </div>
      </dl>
    </>
  )
}

const icons = { held: CircleCheck, broken: CircleX, unknown: CircleHelp }
const stands = { held: 'passed', broken: 'failed', unknown: 'warned' } as const

function Step({ judgement, children }: { judgement: Judgement; children: string }) {
  const Icon = icons[judgement]
  return (
    <li className={`check-line check-${stands[judgement]}`}>
      <Icon aria-hidden size={18} />
      <span>{children}</span>
    </li>
  )
}
