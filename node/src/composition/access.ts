import { AccessDesk } from '../access/access-desk.ts'
import { SearchAnswers } from '../access/answer-search.ts'
import { RequestGuard } from '../access/request-guard.ts'
import type { Settings } from '../config/settings.ts'
import { EmergencyNotices } from '../emergency/emergency-notices.ts'
import { EmergencyQuota } from '../emergency/emergency-quota.ts'
import { composeEmergency } from './emergency.ts'
import type { Ground } from './ground.ts'
import type { IndexSide } from './index-side.ts'
import { composeMitz } from './mitz.ts'

/** Who may see what of this hospital's patients, and the emergencies at both ends. */
export function composeAccess(settings: Settings, ground: Ground, index: IndexSide) {
  const { bundle, account, clock, log, key, verify, self } = ground
  const { ownTokens, patients, consents, shieldings } = index
  const { uses, emergencies } = composeEmergency(ground)
  const mitz = composeMitz(settings, ground)
  const quota = new EmergencyQuota({ clock })
  const desk = new AccessDesk(settings.access, {
    ...{ bundle, ownTokens, patients, consents, shieldings, quota, clock },
    source: mitz,
  })
  const notices = new EmergencyNotices({ book: uses, bundle, account, clock })
  const guard = new RequestGuard({ peerId: self.peerId }, { clock })
  const searchAnswers = new SearchAnswers({
    ...{ desk, guard, emergencies: notices, account, signer: key, verify, clock, log },
  })
  return { uses, emergencies, notices, desk, guard, searchAnswers, mitz }
}
