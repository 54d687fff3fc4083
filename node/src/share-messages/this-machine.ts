import { isOwnMachine } from '@twiin/web'

/** Whether what goes to this host stays on this machine: nobody is on the way. */
export const isThisMachine = (host: string): boolean =>
  host === 'localhost' || isOwnMachine(host.replace(/^\[(.*)\]$/, '$1'))
