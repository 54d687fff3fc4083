import type { ServerTls } from '@twiin/dimse'
import type { ApplicationEntity, Settings } from '../config/settings.ts'
import type { PrefetchSettings } from '../prefetch/prefetch-settings.ts'
import type { Rule } from '../routing/routing-settings.ts'

/** What is particular about a hospital of a test. */
export interface Options {
  ura: string
  name: string
  /** Whom the AE title `ELSEWHERE` stands for. */
  sendTo?: string
  /** An archive behind its node; see `testArchive`. */
  archive?: NonNullable<Settings['archive']>
  /** Systems of its that may query, or be moved to. */
  entities?: readonly ApplicationEntity[]
  rules?: readonly Rule[]
  /** Its PACS is asked who its patients are, at this level. */
  patientsAtPacs?: Settings['patients']['level']
  prefetch?: PrefetchSettings
  /** Where else its patients say who may see what. */
  mitz?: Settings['consent']['mitz']
  /** What others may do with what it made. */
  onwardSharing?: Settings['access']['onwardSharing']
  /** Its PACS has to commit itself. */
  commitment?: boolean
  /** A second DICOM port, with TLS; `pacs`: its PACS speaks it too, with these certificates. */
  tls?: NonNullable<Settings['dicom']['tls']> & { pacs?: ServerTls }
  /** Another PACS than its own. */
  pacs?: Partial<Settings['pacs']>
  /** Who may store there besides `CT1`. */
  callingAeTitles?: readonly string[]
}
