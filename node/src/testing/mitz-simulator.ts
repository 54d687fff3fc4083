import { once } from 'node:events'
import { createServer } from 'node:https'
import type { Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { TLSSocket } from 'node:tls'

/** What somebody asked of it. */
export interface MitzAsked {
  bsn: string
  holder: string
  requester: string
  requesterType: string
  purpose: string
  clientCn: string
}

/** Answers closed questions as Mitz does, for tests: XACML 3.0 in SOAP over mutual TLS. Whom nobody permitted is denied. */
export class MitzSimulator implements AsyncDisposable {
  readonly asked: MitzAsked[] = []
  /** `<bsn> <URA>` */
  readonly permitted = new Set<string>()
  /** Another answer than it should give, for as long as it is set. */
  misbehaves: { status?: number; body?: string; silent?: true } = {}
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  static async start(tls: { cert: Buffer; key: Buffer; ca: Buffer }): Promise<MitzSimulator> {
    const server = createServer({ ...tls, requestCert: true, rejectUnauthorized: true })
    const simulator = new MitzSimulator(server)
    server.on('request', (request, response) => {
      const clientCn = String((request.socket as TLSSocket).getPeerCertificate().subject.CN)
      void text(request).then((body) => {
        const { status = 200, body: wrong, silent } = simulator.misbehaves
        const answer = simulator.#answer(body, clientCn)
        if (silent !== true) response.writeHead(status).end(wrong ?? answer)
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return simulator
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}/4`
  }

  /** Whoever waits for an answer gets none. */
  cutAll(): void {
    this.#server.closeAllConnections()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #answer(body: string, clientCn: string): string {
    const valueOf = (attribute: string, name: string) =>
      new RegExp(`AttributeId="${attribute}"[^>]*><AttributeValue[^>]*><[^>]* ${name}="([^"]*)"`).exec(
        body,
      )?.[1] ?? ''
    const asked = {
      bsn: valueOf('urn:oasis:names:tc:xacml:2.0:resource:resource-id', 'extension'),
      holder: valueOf('urn:ihe:iti:appc:2016:author-institution:id', 'extension'),
      requester: valueOf('urn:nl:otv:names:tc:1.0:subject:provider-institution', 'extension'),
      requesterType: valueOf(
        'urn:nl:otv:names:tc:1.0:subject:consulting-healthcare-facility-type-code',
        'code',
      ),
      purpose: valueOf('urn:oasis:names:tc:xspa:1.0:subject:purposeofuse', 'code'),
      clientCn,
    }
    this.asked.push(asked)
    return mitzAnswer(this.permitted.has(`${asked.bsn} ${asked.requester}`) ? 'Permit' : 'Deny')
  }
}

export const mitzAnswer = (decision: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body>
<Response xmlns="urn:oasis:names:tc:xacml:3.0:core:schema:wd-17"><Result><Decision>${decision}</Decision><Status><StatusCode Value="urn:oasis:names:tc:xacml:1.0:status:ok"/></Status></Result></Response>
</s:Body></s:Envelope>`
