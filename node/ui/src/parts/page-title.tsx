import { useEffect } from 'react'
import type { ReactNode } from 'react'
import { useSession } from '../session.ts'

/** The one h1 of a page, and the title of the tab: page – hospital. */
export function PageTitle({ title, children }: { title: string; children?: ReactNode }) {
  const { hospital } = useSession()
  useEffect(() => {
    document.title = `${title} – ${hospital.name}`
  }, [title, hospital.name])
  return (
    <div className="page-head">
      <h1 className="page-title">{title}</h1>
      {children}
    </div>
  )
}
