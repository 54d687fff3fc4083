import { PageTitle as TitleWith } from '@twiin/ui-kit'
import type { ReactNode } from 'react'
import { useSession } from '../session.ts'

/** The title of the tab ends in the hospital. */
export function PageTitle({ title, children }: { title: string; children?: ReactNode }) {
  const { hospital } = useSession()
  return (
    <TitleWith title={title} suffix={hospital.name}>
      {children}
    </TitleWith>
  )
}
