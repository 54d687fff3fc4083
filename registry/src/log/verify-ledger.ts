import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { publicKeyOf } from '@twiin/identity'
import { TwiinError, isTwiinError } from '@twiin/runtime'
import { leafHash, verifyConsistency, verifyInclusion } from '@twiin/transparency'
import type { ActOf, Recorded } from '../ledger/acts.ts'
import { readRawLines } from '../ledger/ledger.ts'
import { LedgerCopy } from './ledger-copy.ts'

export interface LedgerVerdict {
  readonly ok: boolean
  /** What is wrong first, and in which line (from 1) when it is one. */
  readonly problem?: { readonly code: string; readonly line?: number; readonly detail?: string }
  readonly lines: number
  readonly root: string
  readonly head: string
  readonly trustDomain?: string
  readonly logKey?: string
  readonly certificates: number
  readonly checkpoint?: { readonly size: number; readonly cosigners: readonly string[] }
  readonly since?: { readonly size: number }
}

/**
 * Judges a ledger file, or a copy of one, without network: every line follows from the one before, every certificate is what
 * its line says and stands in the tree, the checkpoint is this tree's, and an older one is where it began.
 */
export async function verifyLedger(files: {
  ledger: string
  checkpoint?: string
  since?: string
}): Promise<LedgerVerdict> {
  const copy = new LedgerCopy()
  const issued: { index: number; hash: Uint8Array }[] = []
  const judged: Pick<LedgerVerdict, 'checkpoint' | 'since'>[] = []
  let problem: LedgerVerdict['problem']
  try {
    for await (const line of readRawLines(files.ledger)) {
      const act = copy.add(line)
      if (act.act !== 'issued') continue
      const index = copy.size - 1
      certificateMustFit(act, index)
      issued.push({ index, hash: leafHash(line) })
    }
    const read = (file: string) => readFile(file, 'utf8')
    if (files.checkpoint !== undefined)
      judged.push({ checkpoint: judge(copy, await read(files.checkpoint), issued) })
    if (files.since !== undefined) judged.push({ since: judgeBeginning(copy, await read(files.since)) })
  } catch (error) {
    if (!isTwiinError(error)) throw error
    const { line, reason } = error.facts
    problem = {
      code: error.code,
      ...(typeof line === 'number' && { line }),
      ...(typeof reason === 'string' && { detail: reason }),
    }
  }
  const { founded, certificates } = copy.register
  return {
    ok: problem === undefined,
    ...(problem && { problem }),
    lines: copy.size,
    root: Buffer.from(copy.tree.root()).toString('base64'),
    head: copy.head,
    ...(founded && { trustDomain: founded.trustDomain, logKey: founded.logKey }),
    certificates: certificates.size,
    ...judged[0],
    ...judged[1],
  }
}

/** Of its key and under its number: else the log says one thing and the network another. Throws CERTIFICATE_OTHER. */
function certificateMustFit({ certificate, serial, peerId }: Recorded<ActOf<'issued'>>, index: number): void {
  const fits = () => {
    const der = new X509Certificate(Buffer.from(certificate, 'base64'))
    const key = der.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
    return der.serialNumber.toLowerCase() === serial && Buffer.compare(key, publicKeyOf(peerId)) === 0
  }
  let reason = 'key or serial'
  try {
    if (fits()) return
  } catch {
    reason = 'unreadable'
  }
  throw new TwiinError('CERTIFICATE_OTHER', { line: index + 1, reason })
}

function judge(copy: LedgerCopy, note: string, issued: readonly { index: number; hash: Uint8Array }[]) {
  const { size, root, cosigners } = copy.judge(note)
  for (const { index, hash } of issued) {
    if (index >= size) break
    const path = copy.tree.inclusionProof(index, size)
    if (!verifyInclusion({ leafHash: hash, index, size, root }, path))
      throw new TwiinError('INCLUSION_INVALID', { line: index + 1 })
  }
  return { size, cosigners }
}

function judgeBeginning(copy: LedgerCopy, note: string) {
  const first = copy.judge(note)
  const second = { size: copy.size, root: copy.tree.root() }
  if (!verifyConsistency({ first, second }, copy.tree.consistencyProof(first.size)))
    throw new TwiinError('LOG_DIVERGED', { size: first.size })
  return { size: first.size }
}
