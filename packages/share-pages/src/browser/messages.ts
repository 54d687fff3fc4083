/** Between the page and its service worker. */

/** What the worker has to know to answer for a link. `key` as it stands in the fragment. */
export interface ShareForWorker {
  link: string
  key: string
  bytes: number
}

export type ToWorker =
  { kind: 'share'; share: ShareForWorker } | { kind: 'ping' } | { kind: 'forget'; link: string }

export type ToPage =
  /** Answered through the port that comes with it. */
  | { kind: 'which'; link: string }
  | { kind: 'progress'; link: string; name: string; done: number; total: number }
  | { kind: 'waiting' | 'done' | 'stopped' | 'failed' | 'over'; link: string; name: string }

export const downloadNames = ['zip', 'pictures.zip'] as const
export type DownloadName = (typeof downloadNames)[number]

export const fileNameOf: Readonly<Record<DownloadName, string>> = {
  zip: 'ZorgBericht.zip',
  'pictures.zip': 'ZorgBericht-foto.zip',
}
