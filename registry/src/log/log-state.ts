import type { Clock } from '@twiin/runtime'
import type { Books } from '../ledger/books.ts'
import type { LedgerGuard } from './ledger-guard.ts'
import type { TransparencyLog } from './transparency-log.ts'

/** What everybody may see of the log at a glance. spec 06 §7 */
export function logState(deps: { transparency: TransparencyLog; guard: LedgerGuard; books: Books }) {
  const { transparency, guard, books } = deps
  const { register, tree } = books
  const { cosigned, rules } = transparency
  const open = guard.isBehind ? undefined : transparency.open
  const iso = (at: number) => new Date(at).toISOString()
  return {
    size: tree.size,
    root: Buffer.from(tree.root()).toString('base64'),
    ...(open && { checkpoint: open.note }),
    ...(cosigned && {
      cosigned: {
        size: cosigned.size,
        at: iso(Math.max(...cosigned.cosigners.values())),
        cosigners: [...cosigned.cosigners.keys()],
        checkpoint: cosigned.note,
      },
    }),
    phase: rules.phase,
    foundingEndsAt: iso(register.founded?.foundingEndsAt ?? 0),
    quorum: rules.quorum,
    witnesses: register.witnesses.map((peerId) => {
      const key = register.keys.get(peerId)
      const seen = transparency.lastSeen(peerId)
      return {
        peerId,
        ura: key?.ura ?? '',
        name: key?.application?.organisation ?? '',
        ...(seen && { lastSize: seen.size, lastAt: iso(seen.at) }),
      }
    }),
    ...(guard.isBehind && { ledgerBehind: true as const }),
    ...(books.refusal === 'LEDGER_UNCONFIRMED' && { ledgerUnconfirmed: true as const }),
  }
}

/** For operators: how old the newest cosigned checkpoint is, and by how many lines the log is ahead of it. */
export function logNumbers(
  { cosigned, open, rules }: Pick<TransparencyLog, 'cosigned' | 'open' | 'rules'>,
  deps: { books: Pick<Books, 'register' | 'tree'>; clock: Pick<Clock, 'now'> },
) {
  const at = cosigned && Math.max(...cosigned.cosigners.values())
  return {
    size: open.size,
    room: deps.books.tree.room,
    witnesses: deps.books.register.witnesses.length,
    'cosignatures required': rules.phase === 'required' ? rules.quorum : 0,
    'cosigned size': cosigned?.size,
    'cosigned age': at === undefined ? undefined : Math.max(0, deps.clock.now() - at) / 1000,
  }
}
