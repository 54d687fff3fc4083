/** Where answers of the node are kept in the page, and found again by live events. */
export const keys = {
  status: ['status'],
  search: (id: string) => ['search', id],
  transfers: ['transfers'],
  send: (id: string) => ['send', id],
  studies: ['studies'],
  members: ['members'],
  exceptions: ['exceptions'],
} as const
