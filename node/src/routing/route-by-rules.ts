import type { HeadReader } from '@twiin/dicom'
import { TwiinError } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { StudyStore } from '@twiin/study-store'
import type { Sends } from '../send/sends.ts'
import { firing, judgeRules } from './judge-rules.ts'
import type { Judged, StudyFacts } from './judge-rules.ts'
import type { Rule, RoutingSettings } from './routing-settings.ts'
import { factsOf } from './study-facts.ts'

interface Deps {
  studies: StudyStore
  heads: HeadReader
  sends: Pick<Sends, 'byRule'>
  clock: Clock
  log: Logger
}

/** Instead of what the node runs with; `at` in milliseconds since the Unix epoch. */
interface Asked {
  rules?: readonly Rule[]
  timeZone?: string
  at?: number
}

/** Studies that are complete and that rules send (spec 17 §4). */
export class RouteByRules {
  readonly #routing: RoutingSettings
  readonly #deps: Deps

  constructor(options: { routing: RoutingSettings }, deps: Deps) {
    this.#routing = options.routing
    this.#deps = deps
  }

  /** What the node runs with. */
  get running(): RoutingSettings {
    return this.#routing
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
    const rules = firing(this.#judge(await factsOf(study, this.#deps)))
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

  /**
   * What would become of a study that is here, now or at another moment, by the rules that run or by others. Sends
   * nothing. Throws `STUDY_UNKNOWN`.
   */
  async test(studyInstanceUid: string, asked: Asked = {}) {
    const copies = await this.#deps.studies.copiesOf(studyInstanceUid)
    // As it goes by itself: the copy that was made here.
    const study = copies.find(({ origin }) => origin.kind === 'local') ?? copies[0]
    if (study === undefined) throw new TwiinError('STUDY_UNKNOWN')
    const facts = await factsOf(study, this.#deps)
    const judged = this.#judge(facts, asked)
    const sending = new Set(study.identityConflict ? [] : firing(judged).map(({ name }) => name))
    return {
      rules: judged.map(({ rule, matches, failing }) => ({
        name: rule.name,
        matches,
        sends: sending.has(rule.name),
        failing,
        ...(rule.to === undefined ? {} : { to: rule.to }),
      })),
      ...{ isFromElsewhere: facts.isFromElsewhere, identityConflict: study.identityConflict },
    }
  }

  #judge(facts: StudyFacts, asked: Asked = {}): Judged[] {
    const { rules = this.#routing.rules, timeZone = this.#routing.timeZone } = asked
    return judgeRules(rules, facts, { at: asked.at ?? this.#deps.clock.now(), timeZone })
  }
}
