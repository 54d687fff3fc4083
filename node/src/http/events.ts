import { LiveEvents as EventStreams } from '@twiin/web'

/** What happened, for screens to look again: a kind, an id and the new state. Never patient data. */
export interface LiveEvent {
  kind: 'transfer' | 'arrival' | 'search' | 'study' | 'exception' | 'disc' | 'peer' | 'emergency' | 'share'
  id: string
  state: string
}

/** Told to every open page of this hospital. */
export class LiveEvents extends EventStreams<LiveEvent> {}
