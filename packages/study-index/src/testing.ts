/** The study index without a network and without a disk: for tests of whoever builds on it. */
export { MemoryEntryRepository, MemoryPublicationState } from './testing/memory-storage.ts'
export { SimulatedIndexNetwork, SimulatedMembership, fakeKeys } from './testing/simulated-network.ts'
export { entryRepositoryCompliance } from './testing/entry-repository-compliance.ts'
export { aStudy, entryOf, tokenOf } from './testing/entries.ts'
