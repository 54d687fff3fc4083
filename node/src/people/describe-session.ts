import type { LogIns } from './log-ins.ts'
import { isSignedOn } from './log-ins.ts'
import type { Person } from './people-file.ts'

/** What the page is told of who is logged in (spec 10 §2). `confirmedAt`: milliseconds since the Unix epoch. */
export type DescribeSession = (person: Person, confirmedAt?: number) => Promise<object>

export function describesSessions(
  options: {
    hospital: { ura: string; name: string }
    idleMinutes: number
  },
  deps: { logIns: Pick<LogIns, 'mustEnrol'> },
): DescribeSession {
  return async (person, confirmedAt) => ({
    user: person,
    hospital: options.hospital,
    secondFactor: (await deps.logIns.mustEnrol(person)) ? 'needed' : 'settled',
    signedOn: isSignedOn(person),
    idleSeconds: options.idleMinutes * 60,
    confirmedAt: confirmedAt === undefined ? null : new Date(confirmedAt).toISOString(),
  })
}
