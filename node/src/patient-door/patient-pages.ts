import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { TwiinError } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { PatientDoor } from '../shares/patient-door.ts'
import type { DoorOptions, LoginPages } from './entrance.ts'

export interface PatientPagesOptions extends DoorOptions {
  host: string
  port: number
  tls: { certificate: string; key: string }
}

export interface PatientPagesDeps {
  door: PatientDoor
  clock: Clock
  random: (bytes: number) => Uint8Array
  log: Logger
  /** `brokerRoutes`, where there is a broker. */
  login?: (pages: LoginPages) => FastifyPluginAsyncTypebox
}

/** What recipients of shares see: pages, package, downloads (spec 25 §5). */
export class PatientPages implements Service {
  readonly name = 'patient-pages'
  constructor(_options: PatientPagesOptions, _deps: PatientPagesDeps) {}

  async start(): Promise<void> {
    throw new TwiinError('NOT_BUILT')
  }

  async stop(): Promise<void> {}

  get port(): number {
    return 0
  }
}
