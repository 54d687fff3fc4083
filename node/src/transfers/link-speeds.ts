import type { Link } from './transfer-record.ts'
/** How much the newest measurement counts against all before it. */
const weight = 0.3
/** Below this it is the greeting that was measured, not the line. */
const leastBytes = 32 * 1024

/** What each link brought lately, in bytes a millisecond. In memory: after a start nothing is known yet. */
export class LinkSpeeds {
  readonly #speeds = new Map<Link, number>()

  note(link: Link, bytes: number, ms: number): void {
    if (bytes < leastBytes || ms <= 0) return
    const before = this.#speeds.get(link)
    const now = bytes / ms
    this.#speeds.set(link, before === undefined ? now : before + weight * (now - before))
  }

  of(link: Link): number | undefined {
    return this.#speeds.get(link)
  }
}
