/**
 * What recipients of shares see (spec 25 §5): pages as pure functions of facts, made alike at the door and by the browser's
 * script. Knows no server, and no DOM outside `browser/`.
 */
export type { LinkFacts, PageFacts } from './page.ts'
export { entryPage } from './entry-page.ts'
export type { EntryFacts } from './entry-page.ts'
export {
  blockPage,
  blockedPage,
  busyPage,
  earlyPage,
  endedPage,
  errorPage,
  lockedPage,
  onwardPage,
  overPage,
  preparingPage,
} from './answer-pages.ts'
export { listPage, openPage, reportPage, viewerPage } from './open-page.ts'
export type { OpenFacts } from './open-page.ts'
export { askedRange } from './byte-range.ts'
export { pictureKinds } from './picture-kinds.ts'
export { downloadNames, fileNameOf } from './browser/messages.ts'
export type { DownloadName } from './browser/messages.ts'
export { seenPage } from './seen-page.ts'
export type { Language } from './wording.ts'
export { builtAssets, pagesDir } from './assets.ts'
