import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AuditLog } from '@twiin/audit'
import { isTwiinError, systemClock, TwiinError } from '@twiin/runtime'
import { Store } from '@twiin/store'
import type { Command } from 'commander'
import { openMasterKey } from '../composition/master-key.ts'
import { buckets } from '../config/buckets.ts'
import { loadSettings } from '../config/load-settings.ts'
import type { Settings } from '../config/settings.ts'
import { openNodeKey } from '../enrolment/node-key-file.ts'
import { verifyByPeerId } from '../trust/trust.ts'
import { headsFromFile, KeptHeads } from './kept-heads.ts'
import type { KeptHead } from './kept-heads.ts'

interface Options {
  config: string
  heads?: string
}

/** `audit-verify`, also `audit verify`: whether the log is what was written, and what others signed (spec 07 §5). */
export function auditCommands(program: Command, print: (value: object) => void): void {
  const audit = program.command('audit').description('the audit log')
  for (const command of [program.command('audit-verify'), audit.command('verify')]) {
    command
      .description('check the audit log: its chain, and heads that others signed; the node must be stopped')
      .requiredOption('--config <file>', 'configuration file (YAML)')
      .option(
        '--heads <file>',
        'heads kept elsewhere: what GET /api/v1/audit-heads answered, here or at a peer',
      )
      .action(async ({ config, heads }: Options) => {
        const result = await verifyAudit(loadSettings(config), heads)
        print(result)
        if (!result.ok) process.exitCode = 2
      })
  }
}

/** Throws DATA_DIR_MISSING, STORE_LOCKED, HEADS_UNREADABLE, HEADS_INVALID. */
async function verifyAudit({ dataDir }: Pick<Settings, 'dataDir'>, headsFile?: string) {
  const dir = join(dataDir, 'catalogue')
  if (!existsSync(dir)) throw new TwiinError('DATA_DIR_MISSING', { dataDir })
  const sealer = await openMasterKey(dataDir)
  const keyFile = join(dataDir, 'keys', 'node.key')
  // It only looks: a key that is missing is not made. Then no signature is this node's.
  const peerId = existsSync(keyFile) ? (await openNodeKey(keyFile, sealer)).peerId : ''
  const elsewhere =
    headsFile === undefined ? [] : headsFromFile(await readFile(headsFile, 'utf8'), peerId, verifyByPeerId)
  const store = new Store({ dir }, { sealer })
  const log = new AuditLog({}, { store, clock: systemClock })
  const repository = store.repository<KeptHead>(buckets.auditHeads, { keys: 'plain-opaque' })
  const kept = new KeptHeads({ peerId }, { kept: repository, verify: verifyByPeerId })
  await store.start().catch((error: unknown) => {
    throw isTwiinError(error, 'STORE_LOCKED')
      ? new TwiinError('STORE_LOCKED', { todo: 'stop the node' })
      : error
  })
  try {
    const heads = [...(await kept.heads()), ...elsewhere]
    const places = new Map(heads.map((head) => [`${head.seq} ${head.hash}`, head]))
    const result = await log.verify(undefined, [...places.values()])
    return { ...result, cosigned: places.size }
  } finally {
    await store.stop()
  }
}
