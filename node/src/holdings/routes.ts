import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Bsn } from '@twiin/patient-token'
import type { StudyRecord } from '@twiin/study-store'
import { Type } from 'typebox'
import type { NetworkBundle } from '../trust/network-bundle.ts'
import { maskBsn, maskLocalId } from '../filing/mask-bsn.ts'
import type { Person } from '../people/people-file.ts'
import type { PublicationStatus } from '../publish/publication.ts'
import type { Holdings } from './holdings.ts'
import type { StudyOwners } from './study-owners.ts'

interface Deps {
  studies: Holdings
  bundle: NetworkBundle
  owners: StudyOwners
  statusOf: (bsn: Bsn) => Promise<PublicationStatus>
}

/** What this hospital holds, also what nobody else can find, with the reason (spec 10 §2). */
export function holdingRoutes(deps: Deps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/studies',
      {
        config: { roles: ['radiologist', 'operator'] },
        schema: {
          querystring: Type.Object(
            {
              after: Type.Optional(Type.String({ pattern: '^[0-9a-f]{32}$' })),
              limit: Type.Integer({ minimum: 1, maximum: 500, default: 100 }),
            },
            { additionalProperties: false },
          ),
        },
      },
      async (request) => {
        const studies = []
        let last: { handle: string; count: number } | undefined
        for await (const study of deps.studies.studies({ ...request.query, reverse: true })) {
          last = { handle: study.handle, count: (last?.count ?? 0) + 1 }
          // What stopped halfway counts as no study; the list of transfers has it.
          if (study.isWhole)
            studies.push({
              ...describe(study, deps.bundle),
              publication: shownTo(request.person, await publicationOf(study, deps)),
            })
        }
        const next = last?.count === request.query.limit ? { next: last.handle } : {}
        return { studies, ...next }
      },
    )
  }
}

async function publicationOf(study: StudyRecord, deps: Deps): Promise<PublicationStatus> {
  const owner = await deps.owners.ownerOf(study)
  return 'bsn' in owner ? deps.statusOf(owner.bsn) : { state: 'unpublished', reason: owner.reason }
}

/** That somebody is shielded is for who may shield; to others it reads as to peers (spec 08 §7, §10). */
function shownTo({ role }: Person, status: PublicationStatus): PublicationStatus {
  const isSecret = status.state === 'unpublished' && status.reason === 'SHIELDED' && role !== 'operator'
  return isSecret ? { ...status, reason: 'CONSENT_MISSING' } : status
}

function describe(study: StudyRecord, bundle: NetworkBundle) {
  const { patient, origin } = study
  return {
    handle: study.handle,
    studyInstanceUid: study.studyInstanceUid,
    patient: {
      name: patient.name,
      birthDate: patient.birthDate,
      sex: patient.sex,
      localId: maskLocalId(patient.localId, patient.issuer),
      issuer: patient.issuer,
      bsn: maskBsn(patient.citizenNumbers[0]),
    },
    studyDate: study.studyDate,
    modalities: study.modalities,
    description: study.description,
    instances: study.instances,
    bytes: study.bytes,
    reports: study.reports,
    origin:
      origin.kind === 'remote'
        ? { kind: 'remote', ura: origin.ura, name: bundle.memberByUra(origin.ura)?.name ?? '' }
        : origin.kind === 'disc'
          ? { kind: 'disc', ura: '', name: origin.institution }
          : { kind: 'local' },
    receivedAt: new Date(study.receivedAt).toISOString(),
  }
}
