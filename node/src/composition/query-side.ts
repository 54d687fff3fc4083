import type { Settings } from '../config/settings.ts'
import { askContents } from '../find/ask-contents.ts'
import { LocalStudies } from '../query/local-studies.ts'
import { QueryDesk } from '../query/query-desk.ts'
import { RemoteStudies } from '../query/remote-studies.ts'
import type { PatientSearches } from '../find/patient-searches.ts'
import type { Ground } from './ground.ts'
import type { IndexSide } from './index-side.ts'

/** Queries of this hospital's systems: what it holds, and what the others hold. */
export function composeQueryDesk(
  settings: Settings,
  ground: Ground,
  index: IndexSide,
  deps: { searches: PatientSearches },
): QueryDesk {
  const { clock, random, self, key: signer, holdings: studies, host, account, verify } = ground
  const { patients } = index
  const { dicom, hospital } = settings
  const waitMs = dicom.querySeconds * 1000
  const place = { aeTitle: dicom.aeTitle, institution: self.name, ura: self.ura, name: self.name }
  return new QueryDesk(
    { patientIdIssuer: hospital.patientIdIssuer, waitMs },
    {
      local: new LocalStudies({ place }, { studies, patients, clock }),
      remote: new RemoteStudies(
        { aeTitle: dicom.aeTitle, waitMs },
        {
          ...{ searches: deps.searches, patients, clock },
          askContents: (search, peerId, wanted) =>
            askContents(search, peerId, wanted, { host, signer, verify, clock, random }),
        },
      ),
      ...{ searches: deps.searches, studies, account, clock },
    },
  )
}
