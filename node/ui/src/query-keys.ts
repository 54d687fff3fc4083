/** Where answers of the node are kept in the page, and found again by live events. */
export const keys = {
  status: ['status'],
  search: (id: string) => ['search', id],
  transfers: ['transfers'],
  send: (id: string) => ['send', id],
  studies: ['studies'],
  members: ['members'],
  exceptions: ['exceptions'],
  queues: ['queues'],
  discs: ['discs'],
  disc: (id: string) => ['discs', id],
  reports: (uid: string) => ['reports', uid],
  connections: ['connections'],
  rules: ['rules'],
  quality: ['quality'],
  archive: ['archive'],
  settings: ['settings'],
} as const
