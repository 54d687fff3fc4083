import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sampleStudy } from '@twiin/dicom/testing'
import type { SampleInstance, SampleStudyOptions } from '@twiin/dicom/testing'

interface Kept {
  options: SampleStudyOptions
  instances: SampleInstance[]
}

type Reaction = number | 'break' | 'hang'

/** An archive on a real socket that speaks as much DICOMweb as a node asks for, and misbehaves when told to. */
export class DicomwebServer implements AsyncDisposable {
  readonly studies = new Map<string, Kept>()
  /** Path and query of everything that was asked. */
  readonly asked: string[] = []
  /** Bytes of instances that were given out. */
  given = 0
  /** What happens to a request: 200 goes on. */
  react: (path: string) => Reaction = () => 200
  /** Whether Other Patient IDs stand in answers of study level. */
  tellsOtherIds = false
  pages = true
  /** Of a study that is fetched: what goes out. */
  change: (instances: SampleInstance[]) => SampleInstance[] = (instances) => instances
  readonly #server = createServer((request, response) => this.#answer(request, response))

  static async start(): Promise<DicomwebServer> {
    const server = new DicomwebServer()
    await once(server.#server.listen(0, '127.0.0.1'), 'listening')
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/dicom-web`
  }

  add(options: Partial<SampleStudyOptions> & Pick<SampleStudyOptions, 'patient' | 'seed'>): string {
    const whole: SampleStudyOptions = {
      kind: 'CT',
      studyDate: '2026-01-05',
      description: 'CT thorax',
      institution: 'A',
      instances: 3,
      size: 8,
      ...options,
    }
    const instances = sampleStudy(whole)
    const uid = instances[0]?.studyInstanceUid ?? ''
    this.studies.set(uid, { options: whole, instances })
    return uid
  }

  /** Questions of study level, and questions for instances themselves. */
  fetches(): string[] {
    return this.asked.filter((path) => /^\/dicom-web\/studies\/[\d.]+$/.test(path))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', 'http://archive')
    this.asked.push(url.pathname + url.search)
    const reaction = this.react(url.pathname + url.search)
    if (reaction === 'hang') return
    if (reaction === 'break') return void request.socket.destroy()
    if (reaction !== 200) return void response.writeHead(reaction).end()
    const [, , , uid, level, , , instance] = url.pathname.split('/')
    const kept = uid === undefined ? undefined : this.studies.get(uid)
    if (uid === undefined) return this.#studies(url.searchParams, response)
    if (kept === undefined) return void response.writeHead(404).end()
    if (level === undefined) return this.#files(kept, response)
    if (instance !== undefined || level === 'metadata')
      return this.#json(response, [this.#patient(kept, true)])
    const [first] = kept.instances
    this.#json(response, [
      {
        '0020000E': ui(first?.seriesInstanceUid),
        '00080018': ui(first?.sopInstanceUid),
        '00080060': cs(kept.options.kind),
      },
    ])
  }

  #studies(query: URLSearchParams, response: ServerResponse): void {
    const [from = '', until = ''] = (query.get('StudyDate') ?? '00000000-99999999').split('-')
    const uid = query.get('StudyInstanceUID')
    const matching = [...this.studies].filter(([studyInstanceUid, { options }]) => {
      const date = options.studyDate.replaceAll('-', '')
      return uid === null ? date >= from && date <= until : studyInstanceUid === uid
    })
    const offset = this.pages ? Number(query.get('offset') ?? 0) : 0
    const page = matching.slice(offset, offset + Number(query.get('limit') ?? 100))
    this.#json(
      response,
      page.map(([studyInstanceUid, kept]) => ({
        ...this.#patient(kept, this.tellsOtherIds),
        '00080020': { vr: 'DA', Value: [kept.options.studyDate.replaceAll('-', '')] },
        '00080061': cs(kept.options.kind),
        '00081030': { vr: 'LO', Value: [kept.options.description] },
        '0020000D': ui(studyInstanceUid),
        '00201206': { vr: 'IS', Value: [1] },
        '00201208': { vr: 'IS', Value: [kept.instances.length] },
      })),
    )
  }

  #patient({ options: { patient } }: Kept, withOtherIds: boolean) {
    const lo = (value: string) => ({ vr: 'LO', Value: [value] })
    const bsn = { '00100020': lo(patient.bsn ?? ''), '00100021': lo('NLMINBIZA') }
    return {
      '00100010': { vr: 'PN', Value: [{ Alphabetic: patient.name }] },
      '00100020': lo(patient.id),
      ...(patient.issuer === undefined ? {} : { '00100021': lo(patient.issuer) }),
      '00100030': { vr: 'DA', Value: [patient.birthDate.replaceAll('-', '')] },
      '00100040': cs(patient.sex),
      ...(withOtherIds && patient.bsn !== undefined ? { '00101002': { vr: 'SQ', Value: [bsn] } } : {}),
    }
  }

  #json(response: ServerResponse, body: unknown): void {
    response.writeHead(200, { 'content-type': 'application/dicom+json' }).end(JSON.stringify(body))
  }

  #files({ instances }: Kept, response: ServerResponse): void {
    const boundary = createHash('sha256').update(String(instances.length)).digest('hex').slice(0, 40)
    response.writeHead(200, {
      'content-type': `multipart/related; type="application/dicom"; boundary="${boundary}"`,
    })
    for (const { bytes } of this.change(instances)) {
      this.given += bytes.length
      response.write(`\r\n--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`)
      response.write(bytes)
    }
    response.end(`\r\n--${boundary}--\r\n`)
  }
}

const ui = (uid: string | undefined) => ({ vr: 'UI', Value: [uid] })
const cs = (code: string) => ({ vr: 'CS', Value: [code] })
