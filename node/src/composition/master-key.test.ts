import { existsSync, mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openMasterKey } from './master-key.ts'

it('makes a key at the first start, never beside data that another key sealed', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'twiin-key-'))
  const file = join(dataDir, 'keys', 'master.key')
  mkdirSync(join(dataDir, 'keys'))
  mkdirSync(join(dataDir, 'catalogue'))
  await expect(openMasterKey(dataDir)).rejects.toMatchObject({ code: 'KEY_MISSING', facts: { file } })
  expect(existsSync(file)).toBe(false)

  const fresh = mkdtempSync(join(tmpdir(), 'twiin-key-'))
  mkdirSync(join(fresh, 'keys'))
  await openMasterKey(fresh)
  mkdirSync(join(fresh, 'catalogue'))
  await openMasterKey(fresh)
})
