import { useEffect } from 'react'
import type { ReactNode } from 'react'

/** The one h1 of a page, and the title of the tab: page – whose it is. */
export function PageTitle(props: { title: string; suffix: string; children?: ReactNode }) {
  const { title, suffix, children } = props
  useEffect(() => {
    document.title = `${title} – ${suffix}`
  }, [title, suffix])
  return (
    <div className="page-head">
      <h1 className="page-title">{title}</h1>
      {children}
    </div>
  )
}
