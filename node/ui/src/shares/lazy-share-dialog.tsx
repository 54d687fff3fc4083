import { lazy, Suspense } from 'react'
import type { ShareSubject } from './shareable-study.ts'

const ShareDialog = lazy(async () => ({ default: (await import('./share-dialog.tsx')).ShareDialog }))

/** Comes, with all it says, when somebody first shares. */
export function LazyShareDialog(props: { subject: ShareSubject; onClose: () => void }) {
  return (
    <Suspense fallback={null}>
      <ShareDialog {...props} />
    </Suspense>
  )
}
