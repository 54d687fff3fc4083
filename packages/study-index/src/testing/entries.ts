import { createHash } from 'node:crypto'
import type { WireEntry } from '@twiin/protocol'
import type { PublishedStudy } from '../ports.ts'
import { deriveLocation, sealEntry, tombstone } from '../sealed-entry.ts'
import { fakeKeys } from './simulated-network.ts'

/** A patient token for tests: 64 bytes, the same for the same name. */
export const tokenOf = (name: string): Uint8Array =>
  new Uint8Array(createHash('sha512').update(name).digest())

export const aStudy: PublishedStudy = {
  handle: new Uint8Array(16).fill(1),
  date: '2024-05-06',
  modalities: ['CT'],
  region: 'chest',
  size: 100,
}

export interface EntryWish {
  publisher: string
  patient: string
  seq: number
  /** Whole days since the Unix epoch. */
  issued: number
  epoch?: number
  gone?: boolean
}

/** An entry as that publisher would sign it; `gone`: its tombstone. */
export function entryOf({ publisher, patient, seq, issued, epoch = 1, gone = false }: EntryWish): WireEntry {
  const signer = fakeKeys.signer(publisher)
  const token = tokenOf(patient)
  if (gone) return tombstone({ loc: deriveLocation(token, epoch), epoch, seq, issued }, signer)
  const random = (bytes: number) =>
    createHash('sha512').update(`${publisher} ${patient} ${seq} ${issued}`).digest().subarray(0, bytes)
  return sealEntry({ token, epoch, seq, issued }, [aStudy], { signer, random })
}
