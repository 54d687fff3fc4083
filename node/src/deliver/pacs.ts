import type { ClientTls } from '@twiin/dimse'

/** The hospital’s PACS, and the AE title under which this node calls it. */
export interface Pacs {
  host: string
  port: number
  aeTitle: string
  callingAeTitle: string
  /** What its associations show and check, as it stands at that moment. Absent: they are plain. */
  tls?: () => ClientTls
}
