import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { writeFileDurably } from '@twiin/store'
import { BrokerSimulator } from './broker-simulator.ts'
import type { Hospital } from './hospitals.ts'
import { MailCatcher } from './mail-catcher.ts'
import { demoPatients } from './sample-data.ts'

/** Where a hospital's shares are, and what it sends for them goes to. */
export interface ShareChannels {
  /** Address of the pages for recipients. */
  url: string
  /** NNN.eml for each mail of all hospitals. */
  mailDir: string
  /** A file of JSON `{to, text}` for each text message of this hospital. */
  smsDir: string
}

const host = '127.0.0.1'

/** What shares need around them: somebody who takes the mail, and a broker that says who somebody is. In this process. */
export class ShareServices {
  readonly #mail: MailCatcher
  readonly #broker: BrokerSimulator

  private constructor(mail: MailCatcher, broker: BrokerSimulator) {
    this.#mail = mail
    this.#broker = broker
  }

  /** `dir` is the demo's. */
  static async start(dir: string): Promise<ShareServices> {
    return new ShareServices(
      await MailCatcher.start(join(dir, 'mail')),
      await BrokerSimulator.start(demoPatients),
    )
  }

  get brokerUrl(): string {
    return this.#broker.url
  }

  /** The settings `share` of a hospital, whose folder is `dir`, and where that is; made anew at each start. */
  async settingsFor(hospital: Hospital, { dir, port }: { dir: string; port: number }) {
    const url = `https://${host}:${port}`
    const channels: ShareChannels = { url, mailDir: this.#mail.dir, smsDir: join(dir, 'sms') }
    const clientSecretFile = join(dir, 'broker-secret')
    const secret = randomBytes(32).toString('base64url')
    await writeFileDurably(clientSecretFile, Buffer.from(`${secret}\n`), { mode: 0o600 })
    this.#broker.register(hospital.ura, { secret, redirectUri: `${url}/z/login` })
    const settings = {
      ...{ host, port, publicUrl: url, helpPhone: '088 000 00 00' },
      mail: { host, port: this.#mail.port, from: `"${hospital.name}" <zorgbericht@${hospital.ura}.example>` },
      sms: { kind: 'folder', dir: channels.smsDir },
      oidc: {
        ...{ issuer: this.#broker.url, clientId: hospital.ura, clientSecretFile, bsnClaim: 'bsn' },
        ...{ label: 'DigiD (simulator)', simulator: true },
      },
    }
    return { settings, channels }
  }

  async close(): Promise<void> {
    await Promise.all([this.#mail.close(), this.#broker.close()])
  }
}
