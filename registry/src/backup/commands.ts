import { systemClock } from '@twiin/runtime'
import type { Command } from 'commander'
import { print } from '../administration/command-line.ts'
import type { LedgerState } from './ledger-state.ts'
import { makeBackup } from './make-backup.ts'
import { holdAgainstBundle, readBackup } from './read-backup.ts'
import { restoreBackup } from './restore-backup.ts'
import { stateVersion } from './state-digest.ts'

interface BackupFlags {
  config: string
  out: string
  withMasterKey?: true
  json?: true
}
interface RestoreFlags {
  from: string
  to?: string
  check?: true
  mirror?: string
  bundle?: string
  masterKey?: string
  trustIncludedKey?: true
  json?: true
}

/** `twiin-registry backup` and `restore`. docs/operations.md */
export function backupCommands(program: Command): void {
  program
    .command('backup')
    .description('copy everything a registry is made of, while it runs; not its master key')
    .requiredOption('--config <file>', 'settings of the registry')
    .requiredOption('--out <path>', 'new folder, or a file that ends in .tar')
    .option('--with-master-key', 'also the key that opens all the others')
    .option('--json', 'answer as JSON')
    .action(async (flags: BackupFlags) => {
      const at = new Date(systemClock.now())
      const { ledger, files, left } = await makeBackup({ ...flags, at })
      print(flags, { out: flags.out, ...ledger, files: files.length, left })
      if (!flags.json && left.length > 0)
        process.stderr.write(`\nNot in it, keep apart: ${left.join(', ')}\n`)
    })
  program
    .command('restore')
    .description('make a registry from a backup, or see whether one could be made')
    .requiredOption('--from <path>', 'folder or .tar')
    .option('--to <dir>', 'new folder of the registry')
    .option('--check', 'verify, replay and compare only')
    .option('--mirror <file>', 'lines that came after the backup')
    .option('--bundle <file>', 'network bundle that a node has: nothing that it says may be forgotten')
    .option('--master-key <file>', 'from where it is kept: it authenticates the backup')
    .option('--trust-included-key', 'use the one that lies in the backup; who wrote that is then not known')
    .option('--json', 'answer as JSON')
    .action(restore)
}

function verdictOn({ stateVersion: version }: LedgerState): string {
  return version === stateVersion
    ? 'state rebuilt from the ledger equals state before'
    : 'the ledger has the lines, head and root it had; its state was written down by another version of the program'
}

async function restore(flags: RestoreFlags): Promise<void> {
  const { from, mirror, bundle: bundleFile, masterKey, trustIncludedKey = false } = flags
  await using backup = await readBackup({
    ...{ from, ...(mirror !== undefined && { mirror }), ...(masterKey !== undefined && { masterKey }) },
    trustsIncludedKey: trustIncludedKey,
  })
  const against =
    bundleFile === undefined
      ? undefined
      : await holdAgainstBundle(backup, { bundleFile }, { clock: systemClock })
  const { manifest, ledger } = backup
  const facts = {
    at: manifest.at,
    lines: ledger.size,
    linesInBackup: manifest.ledger.lines,
    bundleVersion: ledger.register.published?.version ?? 0,
    state: manifest.ledger.state,
    // Without the master key, from elsewhere, it is not known who wrote it.
    authentic: backup.master === undefined || backup.master.isFromBackup ? 'unknown' : 'yes',
    ...(against && { bundleOfNode: against.version }),
  }
  if (flags.check === true || flags.to === undefined) {
    print(flags, { ...facts, restored: false, verdict: verdictOn(manifest.ledger) })
    return
  }
  const at = new Date(systemClock.now())
  const { configFile } = await restoreBackup(backup, { to: flags.to, at })
  print(flags, { ...facts, restored: true, configFile })
  if (!flags.json)
    process.stderr.write(
      '\nIt reads only for a while after its start, until members had time to say whether they know more.\n',
    )
}
