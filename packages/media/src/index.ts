/** Discs: reading what others burned, and writing one for who has no node. Knows no app. */
export { openSource, sourceOf } from './open-source.ts'
export type { MediaBytes, MediaEntry, MediaFile, MediaSource } from './media-source.ts'
export { dataSetOf, readDisc } from './read-disc.ts'
export { defaultLimits } from './limits.ts'
export type { MediaLimits } from './limits.ts'
export type { DiscContents, DiscInstance, DiscPatient, DiscProblem, DiscStudy } from './disc-contents.ts'
