import { CachedTokens, TokenClient, parseBsn } from '@twiin/patient-token'
import { AntiEntropy, IndexPublisher, IndexReader, IndexReplica, networkWithSelf } from '@twiin/study-index'
import { buckets } from '../config/buckets.ts'
import type { Settings } from '../config/settings.ts'
import { ConsentBook } from '../consents/consent-book.ts'
import { Shieldings } from '../consents/shieldings.ts'
import type { Shielding } from '../consents/shieldings.ts'
import { IndexMembership } from '../trust/index-membership.ts'
import { peerKeepers } from '../find/peer-keepers.ts'
import { RecentTokens } from '../find/recent-tokens.ts'
import { OwnPatients } from '../holdings/own-patients.ts'
import { PatientsHere } from '../filing/patients-here.ts'
import { BsnQuality } from '../quality/bsn-quality.ts'
import { StudyOwners } from '../holdings/study-owners.ts'
import type { PatientsKnown } from '../patients/known-patient.ts'
import { LocalPatients } from '../patients/local-patients.ts'
import { PatientsAtPacs } from '../patients/patients-at-pacs.ts'
import { OwnTokens } from '../publish/own-tokens.ts'
import { Publication } from '../publish/publication.ts'
import { StoredPublications } from '../publish/stored-publications.ts'
import { indexNetwork } from '../replica/index-network.ts'
import { StoredEntries } from '../replica/stored-entries.ts'
import type { Ground } from './ground.ts'

export type IndexSide = ReturnType<typeof composeIndexSide>

/** Tokens, the study index as publisher, replica and reader, and what this hospital lets be found. */
export function composeIndexSide(settings: Settings, ground: Ground) {
  const { clock, log, random, store, sealer, bundle, host, key, verify, account } = ground
  const studies = ground.holdings
  const membership = new IndexMembership({ bundle })
  const repository = new StoredEntries({
    store,
    marks: store.repository(buckets.indexMarks, { keys: 'plain-opaque' }),
    bodies: store.repository(buckets.indexEntries, { keys: 'plain-opaque' }),
  })
  const { peerId } = key
  const replica = new IndexReplica({ peerId }, { repository, membership, verify, clock, log })
  const network = networkWithSelf(indexNetwork({ host }), peerId, replica)
  const indexState = new StoredPublications({
    store,
    publications: store.repository(buckets.indexState, { keys: 'plain-opaque' }),
  })
  const publisher = new IndexPublisher(
    {},
    { signer: key, verify, network, membership, state: indexState, clock, log, random },
  )
  const reader = new IndexReader({}, { network, membership, verify, clock })
  const intervalMs = settings.index.antiEntropySeconds * 1000
  const antiEntropy = new AntiEntropy(
    { peerId, intervalMs },
    { replica, repository, network, membership, clock, log },
  )

  const epoch = () => bundle.current.index.epoch
  const ownTokens = new OwnTokens({
    store,
    tokens: store.repository(buckets.tokens, { keys: 'keyed' }),
    locations: store.repository(buckets.locations, { keys: 'keyed' }),
  })
  const keepers = new TokenClient(
    {},
    {
      keepers: () => peerKeepers(bundle.current, { host }),
      cheated: (keeper) => log.error('token keeper gave a wrong proof', { keeper }),
    },
  )
  const known = new CachedTokens({}, { known: ownTokens, source: keepers, epoch })
  const tokens = new RecentTokens({ source: known, epoch, clock })

  const { consents, shieldings } = openConsents(ground)
  const localPatients = new LocalPatients({
    ...{ store, sealer },
    patients: store.repository(buckets.localPatients, { keys: 'plain-opaque' }),
    index: store.repository(buckets.localPatientIndex, { keys: 'plain-opaque' }),
  })
  const { source, level, querySeconds } = settings.patients
  const ownIssuer = settings.hospital.patientIdIssuer
  const { tls, ...place } = settings.pacs
  const pacs = { ...place, ...ground.clientTls({ tls }) }
  const atPacs = { pacs, level, ownIssuer, timeoutMs: querySeconds * 1000 }
  const byAdministration = new PatientsHere({ studies, patients: localPatients })
  /** Who says whom the hospital knows. */
  const patientsKnown: PatientsKnown =
    source === 'adt' ? localPatients : new PatientsAtPacs(atPacs, { clock, log })
  const patientsHere = new PatientsHere({ studies, patients: patientsKnown })
  const quality = new BsnQuality({
    // The PACS would be asked of every study, and mostly answer with the study itself.
    ...{ store, studies, here: byAdministration, clock, log },
    marks: store.repository(buckets.bsnQualityMarks, { keys: 'plain-opaque' }),
    totals: store.repository(buckets.bsnQuality, { keys: 'keyed' }),
  })
  const owners = new StudyOwners({ patients: localPatients })
  const patients = new OwnPatients({ studies, known: localPatients, owners })
  const publication = new Publication({
    ...{
      studies,
      patients,
      owners,
      consents,
      shieldings,
      publisher,
      indexState,
      sealer,
      account,
      epoch,
      clock,
      log,
    },
    tokens: known,
    wanted: store.repository(buckets.publications, { keys: 'plain-opaque' }),
  })
  // A BSN that became known, or was corrected, after the study came (spec 16 §4).
  localPatients.onChange(({ bsns }) => bsns.forEach((bsn) => publication.lookAgain(parseBsn(bsn))))
  // A new epoch has new locations: every patient is looked at again.
  let lastEpoch: number | undefined
  bundle.onChange(({ index }) => {
    if (lastEpoch !== undefined && index.epoch !== lastEpoch) publication.lookAtEverything()
    lastEpoch = index.epoch
  })
  return {
    replica,
    publisher,
    reader,
    antiEntropy,
    keepers,
    ownTokens,
    tokens,
    consents,
    shieldings,
    patients,
    localPatients,
    patientsKnown,
    patientsHere,
    quality,
    owners,
    publication,
  }
}

/** What patients said, and who is shielded. */
function openConsents({ store, clock }: Ground) {
  const consents = new ConsentBook({
    store,
    records: store.repository(buckets.consents, { keys: 'keyed' }),
    history: store.repository(buckets.consentHistory, { keys: 'keyed' }),
    clock,
  })
  const marks = store.repository<Shielding>(buckets.shieldings, { keys: 'keyed' })
  return { consents, shieldings: new Shieldings({ marks, clock }) }
}
