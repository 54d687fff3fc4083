import { join } from 'node:path'

/** What the log keeps beside the ledger, in the data folder. */
export function logFiles(folder: string) {
  return {
    ledger: join(folder, 'ledger.jsonl'),
    /** The largest tree ever signed. */
    signed: join(folder, 'signed.json'),
    /** The newest checkpoint with enough cosignatures. */
    cosigned: join(folder, 'checkpoint.txt'),
    /** The one that is being cosigned. */
    open: join(folder, 'checkpoint-open.txt'),
    /** A checkpoint of ours that this ledger does not lead to: somebody knows more than it does. */
    behind: join(folder, 'checkpoint-behind.txt'),
    /** This ledger came from a backup, and nobody has had the time to say that it is too short. */
    restored: join(folder, 'restored.json'),
  }
}
export type LogFiles = ReturnType<typeof logFiles>
