/**
 * What stands on this machine's disk: sealed, durable once acknowledged, and able to come back from a full disk.
 * The only importer of LevelDB. The format is told in docs/adr/0003.
 */
export { Store } from './store.ts'
export type { BucketName, StoreDeps, Update } from './store.ts'
export type { EntryRange, KeyKind, Repository, StoreOp } from './repository.ts'
export { Sealer } from './sealer.ts'
export { SealedBlobReader } from './blob-reader.ts'
export { SealedBlobWriter } from './blob-writer.ts'
export { DiskReserve } from './disk-reserve.ts'
export type { DiskReserveOptions } from './disk-reserve.ts'
export { isDiskFull, onDisk } from './disk-errors.ts'
export { Turns } from './turns.ts'
export { syncFolder, temporarySuffix, writeFileDurably } from './durable-file.ts'
