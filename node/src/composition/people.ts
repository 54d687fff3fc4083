import { Sessions, UsedCodes } from '@twiin/web'
import { buckets } from '../config/buckets.ts'
import type { Settings } from '../config/settings.ts'
import { byPersonOrToken } from '../http/authenticate.ts'
import { confirmAgain } from '../http/confirm-person.ts'
import { sessionRoutes } from '../http/session-routes.ts'
import { accountRoutes, passkeyRoutes } from '../people/account-routes.ts'
import { describesSessions } from '../people/describe-session.ts'
import { launchRoutes } from '../people/launch-routes.ts'
import { Launches } from '../people/launches.ts'
import { LogIns } from '../people/log-ins.ts'
import type { Proof } from '../people/log-ins.ts'
import { Passkeys } from '../people/passkeys.ts'
import { People } from '../people/people-file.ts'
import type { Person } from '../people/people-file.ts'
import { PeopleOnRecord } from '../people/record-people.ts'
import { SecondFactors } from '../people/second-factors.ts'
import { SignOn } from '../people/single-sign-on.ts'
import { signOnRoutes } from '../people/sign-on-routes.ts'
import { userRoutes } from '../people/user-routes.ts'
import type { Ground } from './ground.ts'
import type { IndexSide } from './index-side.ts'

/** Who logs in, and how (spec 23). */
export function composePeople(settings: Settings, ground: Ground, { patientsKnown }: IndexSide) {
  const { clock, log, random, store, account, events, self } = ground
  const { signIn, web, peopleFile, hospital } = settings
  const publicUrl = web.publicUrl ?? `https://localhost:${web.port}`
  const people = new People({ file: peopleFile })
  const factors = new SecondFactors(
    { issuer: `Twiin ${self.name}`.slice(0, 64) },
    {
      ...{ store, people, clock, random, usedCodes: new UsedCodes({}, { store }) },
      factors: store.repository(buckets.secondFactors, { keys: 'keyed' }),
    },
  )
  const logIns = new LogIns({ isRequired: signIn.secondFactor === 'required' }, { people, factors })
  const sessions = new Sessions<Person, Proof>(
    { idleMs: signIn.idleMinutes * 60_000, longestMs: signIn.longestHours * 3_600_000, whenIdle: 'lock' },
    { people: logIns, clock },
  )
  const passkeys = new Passkeys(
    { publicUrl, name: `Twiin ${self.name}` },
    {
      ...{ factors, people, clock, random },
      owners: store.repository(buckets.passkeyOwners, { keys: 'keyed' }),
    },
  )
  const signOn =
    signIn.oidc === undefined ? undefined : new SignOn({ ...signIn.oidc, publicUrl }, { clock, log })
  const onRecord = new PeopleOnRecord({ account })
  const describe = describesSessions(
    { hospital: { ura: self.ura, name: self.name }, idleMinutes: signIn.idleMinutes },
    { logIns },
  )
  const launches = new Launches({}, { account, clock })
  const issuer = hospital.patientIdIssuer
  const onRefused = (user: { id: string; role: string }, { method, url }: { method: string; url: string }) =>
    account.record({
      ...{ event: 'refused', outcome: 'refused', reason: 'ROLE_NOT_PERMITTED', user },
      protocol: `${method} ${url}`,
    })
  return {
    authentication: byPersonOrToken({ people, logIns, sessions, clock, onRefused }),
    confirm: confirmAgain('emergency', { sessions, logIns }),
    standing: {
      sessionOf: (secret: string) => sessions.idOf(secret),
      stands: ({ person, session }: { person: Person; session: string | undefined }) =>
        session === undefined ? people.tokenStands(person) : sessions.isOpen(session),
    },
    routes: [
      sessionRoutes({ sessions, logIns, passkeys, signOn, events, onRecord, describe, clock }),
      signOnRoutes({ sessions, logIns, passkeys, signOn, onRecord, describe }),
      accountRoutes({ people, logIns, factors, passkeys, sessions, onRecord }),
      passkeyRoutes({ factors, passkeys, onRecord }),
      userRoutes({ people, sessions, factors, onRecord, clock }),
      launchRoutes(
        { publicUrl },
        { launches, bsnOf: async (localId) => (await patientsKnown.numbered({ localId, issuer }))?.bsn },
      ),
    ],
  }
}
