import type { Page } from 'playwright-core'

/** Whoever sits at a keyboard and has no mouse: Tab until the thing is reached. */
export class Keyboard {
  readonly #page: Page

  constructor(page: Page) {
    this.#page = page
  }

  async fill(label: string, text: string): Promise<void> {
    await this.#reach((name) => name.startsWith(label))
    await this.#page.keyboard.type(text)
  }

  /** The first field from here on whose label is exactly this. */
  async fillFirst(label: string, text: string): Promise<void> {
    await this.#reach((name) => name === label || name.startsWith(`${label} `) || name.endsWith(` ${label}`))
    await this.#page.keyboard.type(text)
  }

  /** A radio button: reached as a group, chosen by arrows. */
  async choose(label: string): Promise<void> {
    for (let tries = 0; tries < 40; tries++) {
      const focused = await this.#focused()
      if (focused.type === 'radio') {
        await this.#page.keyboard.press('Space')
        for (let arrows = 0; arrows < 8; arrows++) {
          if ((await this.#focused()).name.toLowerCase().includes(label)) return
          await this.#page.keyboard.press('ArrowDown')
        }
        throw new Error(`no choice ${label}`)
      }
      await this.#page.keyboard.press('Tab')
    }
    throw new Error(`no choices before ${label}`)
  }

  async press(name: string, key = 'Enter'): Promise<void> {
    await this.#reach((text) => text.includes(name))
    await this.#page.keyboard.press(key)
  }

  async #reach(isIt: (name: string) => boolean): Promise<void> {
    const passed: string[] = []
    for (let tabs = 0; tabs < 120; tabs++) {
      const { name } = await this.#focused()
      if (isIt(name)) return
      passed.push(name)
      await this.#page.keyboard.press('Tab')
    }
    throw new Error(`not reached by Tab: ${[...new Set(passed)].join(' | ')}`)
  }

  #focused(): Promise<{ name: string; type: string }> {
    return this.#page.evaluate<{ name: string; type: string }>(`(() => {
      // What only holds others (the page, a dialog) is focused, but is nothing to press.
      const isControl = document.activeElement?.matches('a, button, input, select, textarea, summary')
      const one = isControl ? document.activeElement : undefined
      const label = one?.labels?.[0]?.innerText ?? one?.getAttribute('aria-label') ?? one?.innerText ?? ''
      return { name: label.trim(), type: one?.type ?? '' }
    })()`)
  }
}
