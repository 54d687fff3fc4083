import type { Page } from 'playwright-core'
import { Authenticator } from '../support/totp.ts'
import { Keyboard } from './keyboard.ts'

/** One of the two people, at a page of their own, with their authenticator. */
export class Administrator {
  readonly page: Page
  readonly keys: Keyboard
  readonly #user: { username: string; password: string }
  readonly #authenticator: Authenticator

  constructor(page: Page, user: { username: string; password: string; totpSecret: string }) {
    this.page = page
    this.keys = new Keyboard(page)
    this.#user = user
    this.#authenticator = new Authenticator(user.totpSecret)
  }

  async logIn(address: string): Promise<void> {
    await this.page.goto(address)
    await this.page.getByLabel('Gebruikersnaam').waitFor()
    await this.keys.fill('Gebruikersnaam', this.#user.username)
    await this.keys.fill('Wachtwoord', this.#user.password)
    await this.keys.fill('Code', await this.#authenticator.next())
    await this.page.keyboard.press('Enter')
    await this.page.getByRole('navigation').first().waitFor()
  }

  async openApplication(name: string): Promise<void> {
    await this.keys.press('Aanvragen')
    await this.page.getByRole('button', { name }).waitFor()
    await this.keys.press(name)
    await this.page.getByRole('heading', { level: 1, name }).waitFor()
  }

  async approve(button: string, retype?: string): Promise<void> {
    await this.keys.press(button)
    await this.page.getByRole('alertdialog').waitFor()
    if (retype !== undefined) await this.keys.fill('Typ de naam van de organisatie over', retype)
    await this.keys.fill('Code ter bevestiging', await this.#authenticator.next())
    await this.page.keyboard.press('Enter')
  }
}
