import type { CertificateAuthority } from '@twiin/identity'
import { Loop, codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { Store } from '@twiin/store'
import { Applications } from '../clinics/applications.ts'
import { Inbox } from '../clinics/inbox.ts'
import { clinicRoutes } from '../clinics/routes.ts'
import type { Settings } from '../config/settings.ts'
import { directoryRoutes } from '../directory/routes.ts'
import type { DirectoryDeps } from '../directory/routes.ts'
import { certificateRoutes } from '../issuance/certificate-routes.ts'
import { quotaRoutes } from '../keeper/quota-routes.ts'
import type { Quotas } from '../keeper/quotas.ts'
import type { Books } from '../ledger/books.ts'
import { peopleRoutes } from '../people/people-routes.ts'
import type { RecordedPeople } from '../people/record-people.ts'
import { mustBeConfirmed } from '../requests/confirmation.ts'
import { Requests } from '../requests/requests.ts'
import { requestRoutes } from '../requests/routes.ts'
import { RevocationList } from '../revocation/revocation-list.ts'
import { Revocations } from '../revocation/revocations.ts'
import { revocationListRoute, revocationRoutes } from '../revocation/routes.ts'

const day = 86_400_000

/** What people decide: who joins, whose key ends, how many tokens a day. spec 06 §4 */
export function composeOffice(
  { http }: Pick<Settings, 'http'>,
  deps: Pick<DirectoryDeps, 'heardOf' | 'connected'> & {
    books: Books
    store: Store
    authority: CertificateAuthority
    quotas: Quotas
    people: RecordedPeople
    clock: Clock
    log: Logger
    /** Makes known what is in force now, before the answer leaves. */
    onChanged: () => Promise<void>
    tell: (topic: 'applications') => void
  },
) {
  const { books, store, authority, quotas, people, clock, log, onChanged, heardOf, connected } = deps
  const { register } = books
  const confirmed = mustBeConfirmed({ clock, people })
  const inbox = new Inbox({}, { store })
  const applications = new Applications({}, { books, inbox, onChanged: () => deps.tell('applications') })
  const tidying = new Loop(
    { name: 'tidying' },
    {
      turn: () => applications.tidy(),
      pause: (signal) => clock.sleep(day, signal),
      onError: (error) => log.error('tidying failed', { code: codeOf(error) }),
    },
  )
  const opening: Service = { name: 'inbox', start: () => inbox.load() }
  return {
    applications,
    confirmed,
    services: [opening, tidying],
    api: [
      clinicRoutes(http, { applications, register, confirmed, clock }),
      certificateRoutes({ register, clock }),
      revocationRoutes(new Revocations({}, { books }), { register, onChanged, confirmed, clock }),
      requestRoutes({ requests: new Requests({}, { books, clock }), register }),
      quotaRoutes({ quotas, onChanged, confirmed }),
      peopleRoutes(people),
      directoryRoutes({
        ...{ register, quotas, clock },
        ...(heardOf && { heardOf }),
        ...(connected && { connected }),
      }),
    ],
    plain: [revocationListRoute(new RevocationList({}, { register, authority, clock }))],
  }
}
