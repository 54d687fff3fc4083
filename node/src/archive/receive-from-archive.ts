import { dimseStatus, isStorageClass } from '@twiin/dimse'
import type {
  Admittance,
  AssociationInfo,
  DimseProvider,
  StoreRequest,
  StoreSink,
  StoreStatus,
} from '@twiin/dimse'
import type { OpenInstance } from './archive-source.ts'

export interface ReceiveFromArchiveOptions {
  /** The called AE title that is for this and nothing else. */
  aeTitle: string
  /** The archive's own. */
  archiveAeTitle: string
  /** Ours, when we ask. */
  callingAeTitle: string
}

/**
 * Where the archive sends what a C-MOVE of ours asked for: an AE title of its own on the node's port. Nothing else gets in
 * there (spec 18 §5). One C-MOVE at a time: whose instance it is can then not be in doubt.
 */
export class ReceiveFromArchive {
  readonly #options: ReceiveFromArchiveOptions
  #open: OpenInstance | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: ReceiveFromArchiveOptions) {
    this.#options = options
  }

  isFor({ calledAe }: Pick<AssociationInfo, 'calledAe'>): boolean {
    return calledAe === this.#options.aeTitle
  }

  admit({ callingAe }: AssociationInfo): Admittance {
    return callingAe === this.#options.archiveAeTitle ? 'accept' : 'calling-ae-not-recognized'
  }

  async openStore({
    moveOriginator,
    ...request
  }: StoreRequest): Promise<StoreSink | { refuse: StoreStatus }> {
    const isOurs = moveOriginator === undefined || moveOriginator.aeTitle === this.#options.callingAeTitle
    if (this.#open === undefined || !isOurs) return { refuse: dimseStatus.notAuthorised }
    return this.#open(request)
  }

  /** Takes instances into the places that `open` gives, as long as `work` takes. */
  during(open: OpenInstance, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    const mine = this.#turn.then(async () => {
      signal.throwIfAborted()
      this.#open = open
      try {
        await work()
      } finally {
        this.#open = undefined
      }
    })
    this.#turn = mine.catch(() => {})
    return mine
  }
}

/** What is called by the archive's AE title goes there; everything else to the provider that was there before. */
export function besideArchive(provider: DimseProvider, receiver: ReceiveFromArchive): DimseProvider {
  return {
    admit: (info, credentials) =>
      receiver.isFor(info) ? receiver.admit(info) : provider.admit(info, credentials),
    acceptsContext: (abstractSyntax, transferSyntax, info) =>
      receiver.isFor(info)
        ? isStorageClass(abstractSyntax)
        : (provider.acceptsContext?.(abstractSyntax, transferSyntax, info) ?? true),
    openStore: (request) =>
      receiver.isFor(request.association) ? receiver.openStore(request) : provider.openStore(request),
    associationEnded: (info, how) => {
      if (!receiver.isFor(info)) provider.associationEnded?.(info, how)
    },
    ...(provider.find && { find: provider.find.bind(provider) }),
    ...(provider.move && { move: provider.move.bind(provider) }),
    ...(provider.get && { get: provider.get.bind(provider) }),
    ...(provider.commit && { commit: provider.commit.bind(provider) }),
    ...(provider.committed && { committed: provider.committed.bind(provider) }),
  }
}
