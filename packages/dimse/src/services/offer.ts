import type { DimseProvider } from '../dimse-provider.ts'
import type { AssociationInfo } from '../store-provider.ts'
import { isStorageClass, queryRetrieve, storageCommitmentPush, verificationClass } from '../uids.ts'
import type { Offer } from '../upper-layer/presentation-context.ts'
import { encodingOf } from './small-data-set.ts'

/** What a provider makes us for a class; undefined when nothing. */
export function offerOf(
  abstractSyntax: string,
  provider: DimseProvider,
  info: AssociationInfo,
): Offer | undefined {
  if (abstractSyntax === verificationClass) return { weAre: onlyProvider, accepts: () => true }
  const isAccepted = (transferSyntax: string) =>
    provider.acceptsContext?.(abstractSyntax, transferSyntax, info) ?? true
  if (isStorageClass(abstractSyntax)) {
    return { weAre: { user: provider.get !== undefined, provider: true }, accepts: isAccepted }
  }
  const weAre = rolesFor(abstractSyntax, provider)
  if (weAre === undefined) return undefined
  return { weAre, accepts: (uid) => encodingOf(uid) !== undefined && isAccepted(uid) }
}

const onlyProvider = { user: false, provider: true }

function rolesFor(abstractSyntax: string, provider: DimseProvider): Offer['weAre'] | undefined {
  if (abstractSyntax === storageCommitmentPush) {
    const weAre = { user: provider.committed !== undefined, provider: provider.commit !== undefined }
    return weAre.user || weAre.provider ? weAre : undefined
  }
  const services = (['find', 'move', 'get'] as const).filter((service) => provider[service] !== undefined)
  const isOffered = services.some((service) => {
    const { patientRoot, studyRoot } = queryRetrieve[service]
    return abstractSyntax === patientRoot || abstractSyntax === studyRoot
  })
  return isOffered ? onlyProvider : undefined
}
