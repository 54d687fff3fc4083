import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, open, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { createWebCertificate } from '@twiin/identity'
import { createLogger, ShiftableClock } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import { keyToText, newPackageKey, newPackageSalt, PackageWriter } from '@twiin/share-package'
import type { Manifest } from '@twiin/share-package'
import type { Entered, Happening, OpenShare, PatientDoor, Proof } from '../shares/patient-door.ts'
import { DoorApart } from './door-apart.ts'
import type { DoorSettings } from './door-messages.ts'
import { PatientPages } from './patient-pages.ts'
import type { PatientPagesDeps, PatientPagesOptions } from './patient-pages.ts'

/** As the value of a header: it is left out. */
const unsent = 'unsent'

type Content = Parameters<PackageWriter['finish']>[0]

/** A share as the door sees it, kept in memory: five tries, and then it is locked. */
export interface TestShare {
  link: string
  key: Uint8Array
  code: string
  open: OpenShare
  left: number
  /** Answered instead of `open` to who has the right code. */
  instead?: Entered
}

/** The shares behind a door, without a store: what counts here is what the pages make of the answers. */
class TestDoor implements PatientDoor {
  readonly shares = new Map<string, TestShare>()
  readonly asked: string[] = []
  readonly notes: string[] = []
  readonly blocked: string[] = []
  /** Of links that nobody made. */
  readonly #unknown = new Map<string, number>()
  readonly #listeners: ((shareId: string) => void)[] = []

  async askCode(link: string): Promise<void> {
    this.asked.push(link)
  }

  async enter(link: string, proof: Proof): Promise<Entered> {
    const share = this.shares.get(link)
    const left = share?.left ?? this.#unknown.get(link) ?? 5
    if (left === 0) return { outcome: 'locked' }
    const given = 'code' in proof ? proof.code.replaceAll(/[\s-]/g, '').toUpperCase() : proof.bsn
    if (share !== undefined && given === share.code)
      return share.instead ?? { outcome: 'open', shareId: share.open.id }
    if (share === undefined) this.#unknown.set(link, left - 1)
    else share.left = left - 1
    return left === 1 ? { outcome: 'locked' } : { outcome: 'wrong', left: left - 1 }
  }

  async opened(shareId: string): Promise<OpenShare | undefined> {
    const share = this.#byId(shareId)
    return share === undefined || this.blocked.includes(shareId) ? undefined : share.open
  }

  async history(): Promise<Happening[]> {
    return [
      { at: Date.now() - 3_600_000, what: 'created' },
      { at: Date.now() - 60_000, what: 'opened' },
    ]
  }

  async noted(shareId: string, what: 'viewed' | 'downloaded'): Promise<void> {
    this.notes.push(`${shareId} ${what}`)
  }

  async block(shareId: string): Promise<void> {
    this.end(shareId)
  }

  onOver(listener: (shareId: string) => void): void {
    this.#listeners.push(listener)
  }

  end(shareId: string): void {
    this.blocked.push(shareId)
    this.tellOver(shareId)
  }

  tellOver(shareId: string): void {
    for (const listener of this.#listeners) listener(shareId)
  }

  #byId(shareId: string): TestShare | undefined {
    return [...this.shares.values()].find(({ open: { id } }) => id === shareId)
  }
}

/** A package with pictures, reports and files, as the node makes them. `change`: what its manifest says. */
async function writeTestPackage(
  file: string,
  of: {
    picture: (number: number, size: 'small' | 'large') => Uint8Array
    change?: (content: Content) => Content
  },
): Promise<{ key: Uint8Array; manifest: Manifest; bytes: number }> {
  const key = newPackageKey((length) => randomBytes(length))
  const handle = await open(file, 'w')
  try {
    const writer = new PackageWriter(
      { key, salt: newPackageSalt((length) => randomBytes(length)) },
      { write: async (bytes) => void (await handle.write(bytes)) },
    )
    const content = await fillPackage(writer, of.picture)
    const { manifest, bytes } = await writer.finish(of.change?.(content) ?? content)
    return { key, manifest, bytes }
  } finally {
    await handle.close()
  }
}

async function fillPackage(
  writer: PackageWriter,
  picture: (number: number, size: 'small' | 'large') => Uint8Array,
): Promise<Content> {
  const pictures = async (from: number, count: number) => {
    const made = []
    for (let number = from; number < from + count; number++)
      made.push({
        small: await writer.add({ kind: 'picture' }, [picture(number, 'small')]),
        large: await writer.add(
          { kind: 'picture', name: `PICTURES/${String(number).padStart(4, '0')}.JPG` },
          [picture(number, 'large')],
        ),
        ...{ width: 512, height: 512 },
      })
    return made
  }
  const ct = await pictures(1, 24)
  const ctOther = await pictures(101, 6)
  const xr = await pictures(201, 1)
  const text = await writer.add({ kind: 'report-text' }, [new TextEncoder().encode(reportText)])
  const pdf = await writer.add({ kind: 'report-pdf', name: 'REPORTS/VERSLAG.PDF' }, [
    new TextEncoder().encode('%PDF-1.4\n%%EOF\n'),
  ])
  for (let number = 0; number < 4; number++)
    await writer.add({ kind: 'dicom', name: `DICOM/IM${number}` }, [randomBytes(300_000)])
  await writer.add({ kind: 'page', name: 'README.TXT' }, [new TextEncoder().encode('Lees mij\r\n')])
  const hospital = 'Ziekenhuis De Linde (fictief)'
  return {
    ...{ hospital, madeAt: '2026-03-20T10:15:00Z', language: 'nl', patient: 'A. Voorbeeld', downloads: true },
    studies: [
      {
        ...{ studyInstanceUid: '2.25.1', date: '2026-03-14', hospital },
        words: { nl: 'CT-scan van het hoofd', en: 'CT scan of the head' },
        series: [
          { words: { nl: 'Van boven', en: 'From above' }, pictures: ct },
          { words: { nl: 'Van opzij', en: 'From the side' }, pictures: ctOther },
        ],
        reports: [{ title: 'Verslag CT hoofd', date: '2026-03-15', text, pdf }],
      },
      {
        ...{ studyInstanceUid: '2.25.2', date: '2025-11-02', hospital: 'Medisch Centrum Oost (fictief)' },
        words: { nl: 'Röntgenfoto van de longen', en: 'X-ray of the lungs' },
        series: [{ words: { nl: 'Foto', en: 'Photo' }, pictures: xr }],
        reports: [],
      },
    ],
  }
}

const reportText = `Klinische gegevens\nHoofdpijn sinds drie weken.\n\nBeschrijving\nGeen bloeding. Geen ruimte-innemend proces.\nNormaal ventrikelsysteem.\n\nConclusie\nNormaal onderzoek.\n`

type TestPagesOptions = Partial<PatientPagesOptions> &
  Pick<PatientPagesDeps, 'login'> & {
    /** In a process of their own, with what that is told besides. */
    apart?: Partial<DoorSettings>
    program?: string
    /** By which the node watches it. */
    doorClock?: Clock
  }

/** Pages on a port of their own, over an in-memory door. */
export class TestPages implements AsyncDisposable {
  readonly door = new TestDoor()
  readonly clock = new ShiftableClock()
  readonly dir: string
  readonly logLines: string[] = []
  readonly pages: PatientPages | DoorApart
  readonly #ca: string

  private constructor(
    dir: string,
    tls: Awaited<ReturnType<typeof createWebCertificate>>,
    of: TestPagesOptions,
  ) {
    this.dir = dir
    this.#ca = tls.caCertificate
    const { login, apart, program, doorClock, ...options } = of
    const pages = {
      ...{ host: '127.0.0.1', port: 0, tls, publicUrl: 'https://zien.example' },
      ...{ hospital: 'Ziekenhuis De Linde (fictief)', helpPhone: '010 123 45 67' },
      ...options,
    }
    const { door, clock } = this
    const log = createLogger({ destination: { write: (line) => void this.logLines.push(line) } })
    this.pages =
      apart === undefined
        ? new PatientPages(pages, {
            ...{ door, clock, random: (bytes) => randomBytes(bytes), log },
            ...(login === undefined ? {} : { login }),
          })
        : new DoorApart(
            {
              settings: { pages, logLevel: 'warn', ...apart },
              packagesDir: dir,
              ...(program === undefined ? {} : { program }),
            },
            { door, clock: doorClock ?? clock, log },
          )
  }

  static async start(of: TestPagesOptions = {}): Promise<TestPages> {
    const dir = await mkdtemp(join(tmpdir(), 'twiin-door-'))
    const tls = await createWebCertificate({
      ...{ commonName: 'Test', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], at: new Date() },
    })
    const pages = new TestPages(dir, tls, of)
    try {
      await pages.pages.start()
    } catch (error) {
      await rm(dir, { recursive: true })
      throw error
    }
    return pages
  }

  get port(): number {
    return this.pages.port
  }

  /** A share with a package on the disk. */
  async share(
    of: {
      kind?: 's' | 'l' | 'd'
      picture?: (number: number, size: 'small' | 'large') => Uint8Array
      change?: (content: Content) => Content
    } = {},
  ): Promise<TestShare & { manifest: Manifest; url: string }> {
    const link = (of.kind ?? 'l') + randomBytes(16).toString('base64url')
    const id = createHash('sha256').update(link).digest('hex').slice(0, 32)
    const packageFile = join(this.dir, `${id}.package`)
    const picture = of.picture ?? ((number, size) => randomBytes(size === 'small' ? 900 : 9_000 + number))
    const { key, manifest, bytes } = await writeTestPackage(packageFile, { ...of, picture })
    const share: TestShare = {
      ...{ link, key, left: 5, code: of.kind === 's' ? '123456' : 'ABCDE23456' },
      open: {
        ...{ id, packageFile, packageBytes: bytes, language: 'nl', recipient: 'patient', downloads: true },
        expiresAt: this.clock.now() + 14 * 86_400_000,
      },
    }
    this.door.shares.set(link, share)
    return { ...share, manifest, url: `https://zien.example/z/${link}#${keyToText(key)}` }
  }

  ask(
    method: string,
    path: string,
    headers: Record<string, string> = {},
    form?: string,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const body: Record<string, string> =
        method === 'POST'
          ? { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' }
          : {}
      const to = { host: '127.0.0.1', port: this.port, ca: this.#ca, agent: false, method, path }
      const sent = Object.entries({ ...body, ...headers }).filter(([, value]) => value !== unsent)
      request({ ...to, headers: Object.fromEntries(sent) }, resolve)
        .on('error', reject)
        .end(form)
    })
  }

  async call(
    method: string,
    path: string,
    headers: Record<string, string> = {},
    form?: Record<string, string>,
  ) {
    const answer = await this.ask(method, path, headers, form && new URLSearchParams(form).toString())
    const bytes = await buffer(answer)
    const [cookie] = (answer.headers['set-cookie'] ?? []).map((line) => line.split(';')[0] ?? '')
    return { status: answer.statusCode ?? 0, headers: answer.headers, bytes, text: bytes.toString(), cookie }
  }

  /** A form from a browser that knows no `Sec-Fetch-Site`, under `no-referrer`. */
  silent(path: string, headers: Record<string, string>, form: Record<string, string>) {
    return this.call('POST', path, { ...headers, 'sec-fetch-site': unsent, origin: 'null' }, form)
  }

  /** Shows the code: the headers of a browser with a session. */
  async enter({ link, code }: TestShare): Promise<{ cookie: string }> {
    const { cookie } = await this.call('POST', `/z/${link}`, {}, { code })
    if (cookie === undefined) throw new Error('not let in')
    return { cookie }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pages.stop()
    await rm(this.dir, { recursive: true })
  }
}
