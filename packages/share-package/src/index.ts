/**
 * The package of a share (spec 25 §2): written, read at any place, and as a zip. The same code runs in Node, in a page
 * and in a service worker: nothing but WebCrypto and typed arrays.
 */
export { ShareError } from './share-error.ts'
export type { ShareErrorCode } from './share-error.ts'
export { keyBytes, keyFromText, keyToText, newPackageKey, newPackageSalt } from './keys.ts'
export type { Manifest, ManifestEntry, ManifestStudy } from './manifest.ts'
export { PackageWriter } from './package-writer.ts'
export type { EntryToAdd, ManifestContent } from './package-writer.ts'
export { PackageReader } from './package-reader.ts'
export type { ByteRange, PackageSource } from './package-reader.ts'
export { ZipLayout } from './zip-layout.ts'
