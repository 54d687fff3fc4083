import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Sealer, Store } from '@twiin/store'
import { entryRepositoryCompliance } from '@twiin/study-index/testing'
import { describe, it } from 'vitest'
import { StoredEntries } from './stored-entries.ts'

describe('entries in the node’s database', () => {
  for (const [promise, keep] of Object.entries(entryRepositoryCompliance)) {
    it(promise, async () => {
      const dir = await mkdtemp(join(tmpdir(), 'twiin-entries-'))
      const store = new Store({ dir: join(dir, 'db') }, { sealer: await Sealer.open(join(dir, 'key')) })
      await store.start()
      const marks = store.repository<never>('index-marks', { keys: 'plain-opaque' })
      const bodies = store.repository<never>('index-entries', { keys: 'plain-opaque' })
      await keep(new StoredEntries({ store, marks, bodies }))
      await store.stop()
      await rm(dir, { recursive: true })
    })
  }
})
