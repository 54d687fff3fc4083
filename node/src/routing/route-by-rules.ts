import type { HeadReader } from '@twiin/dicom'
import { TwiinError } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { StudyRecord, StudyStore } from '@twiin/study-store'
import type { Sends } from '../send/sends.ts'
import { firing, judgeRules } from './judge-rules.ts'
import type { Judged } from './judge-rules.ts'
import type { RoutingSettings } from './routing-settings.ts'
import { factsOf } from './study-facts.ts'

interface Deps {
  studies: StudyStore
  heads: HeadReader
  sends: Pick<Sends, 'byRule'>
  clock: Clock
  log: Logger
}

/** Studies that are complete and that rules send (spec 17 §4). */
export class RouteByRules {
  readonly #routing: RoutingSettings
  readonly #deps: Deps

  constructor(options: { routing: RoutingSettings }, deps: Deps) {
    this.#routing = options.routing
    this.#deps = deps
  }

  /** The quiet times of all rules, in milliseconds, ascending. */
  get quietTimes(): number[] {
    const times = this.#routing.rules.map(({ quietSeconds }) => quietSeconds * 1000)
    return [...new Set(times)].sort((a, b) => a - b)
  }

  /** Sends it by those rules that match and wait exactly so long. Idempotent for the study as it is now. */
  async complete(handle: string, quietMs: number): Promise<void> {
    const { studies, sends, log } = this.#deps
    const study = await studies.studyByHandle(handle)
    if (study === undefined) return
    // Whose it is, is in doubt: nobody else gets it before a person has looked.
    if (study.identityConflict) return log.warn('study not routed', { reason: 'IDENTITY_CONFLICT' })
    const rules = firing(await this.#judge(study))
    for (const { name, to, quietSeconds, exclude } of rules) {
      if (quietSeconds * 1000 !== quietMs) continue
      const { ura, mailbox, urgency, reason, note } = to
      await sends.byRule({
        ...{ study, rule: name, urgency, reason },
        recipient: { ura, ...(mailbox === undefined ? {} : { mailbox }) },
        excluded: exclude ?? this.#routing.excludeFromSends,
        ...(note === undefined ? {} : { note }),
      })
    }
  }

  /** What would become of a study that is here, now. Sends nothing. Throws `STUDY_UNKNOWN`. */
  async test(studyInstanceUid: string) {
    const [study] = await this.#deps.studies.copiesOf(studyInstanceUid)
    if (study === undefined) throw new TwiinError('STUDY_UNKNOWN')
    const judged = await this.#judge(study)
    const sending = new Set(firing(judged).map(({ name }) => name))
    return {
      rules: judged.map(({ rule, matches, failing }) => ({
        name: rule.name,
        matches,
        sends: sending.has(rule.name),
        failing,
        ...(rule.to === undefined ? {} : { to: rule.to }),
      })),
      isFromElsewhere: study.origin.kind === 'remote',
    }
  }

  async #judge(study: StudyRecord): Promise<Judged[]> {
    const { clock } = this.#deps
    const { rules, timeZone } = this.#routing
    return judgeRules(rules, await factsOf(study, this.#deps), { at: clock.now(), timeZone })
  }
}
