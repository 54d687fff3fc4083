import { describe, it } from 'vitest'
import { MemoryEntryRepository, entryRepositoryCompliance } from './testing.ts'

describe('an entry repository in memory', () => {
  for (const [promise, keeps] of Object.entries(entryRepositoryCompliance)) {
    it(promise, () => keeps(new MemoryEntryRepository()))
  }
})
