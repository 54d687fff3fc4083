import { CircleAlert } from 'lucide-react'
import { useId } from 'react'
import type { ReactNode } from 'react'

export interface ControlProps {
  id: string
  'aria-describedby': string | undefined
  'aria-invalid': boolean
}

interface Props {
  label: string
  hint?: string
  error?: string | undefined
  className?: string
  children: (control: ControlProps) => ReactNode
}

/** Label above, control, explanation or error below: always the same height. */
export function Field({ label, hint, error, className = '', children }: Props) {
  const id = useId()
  const below = error ?? hint
  return (
    <div className={`field ${className}`}>
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        'aria-describedby': below === undefined ? undefined : `${id}-below`,
        'aria-invalid': error !== undefined,
      })}
      {below !== undefined && (
        <p id={`${id}-below`} className={error === undefined ? 'hint' : 'hint hint-error'}>
          {error !== undefined && <CircleAlert aria-hidden size={14} />}
          {below}
        </p>
      )}
    </div>
  )
}
