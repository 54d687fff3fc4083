import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'

export type Tone = 'plain' | 'good' | 'warning' | 'bad' | 'accent'

/** A colour never stands alone: an icon and a word say the same. */
export function Badge(props: { tone?: Tone; icon?: LucideIcon; title?: string; children: ReactNode }) {
  return (
    <span className={`badge badge-${props.tone ?? 'plain'}`} title={props.title}>
      {props.icon !== undefined && <props.icon aria-hidden size={14} strokeWidth={2} />}
      <span>{props.children}</span>
    </span>
  )
}
