import { createHash } from 'node:crypto'

/** The same UID for the same names, in the UUID arc that needs no registration (PS3.5 §B.2). */
export function uidFrom(...names: (string | number)[]): string {
  const digest = createHash('sha256').update(JSON.stringify(names)).digest('hex')
  return `2.25.${BigInt(`0x${digest.slice(0, 32)}`)}`
}

/** A fast, repeatable source of numbers in [0, 1): xorshift32. For pictures only. */
export function randomFrom(seed: string): () => number {
  let state = createHash('sha256').update(seed).digest().readUInt32LE(0) | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 0x1_0000_0000
  }
}

/** Roughly normal: mean 0, standard deviation 1. */
export function gaussian(random: () => number): number {
  return (random() + random() + random() - 1.5) * 2
}
