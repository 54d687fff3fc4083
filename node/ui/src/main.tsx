import { applyTheme, startTranslation, watchInput } from '@twiin/ui-kit'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { applyDensity } from './parts/density.ts'
import { en } from './i18n/en.ts'
import { nl } from './i18n/nl.ts'
import { receiveLaunch } from './launch.ts'
import '@twiin/ui-kit/kit.css'
import './styles/status-strip.css'
import './styles/table.css'
import './styles/parts.css'
import './styles/search.css'
import './styles/directory.css'
import './styles/people.css'
import './styles/timeline.css'
import './styles/work.css'
import './styles/emergency.css'

receiveLaunch()
watchInput()
applyTheme()
applyDensity()
await startTranslation({ nl, en })
const root = document.getElementById('root')
if (root !== null)
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  )
