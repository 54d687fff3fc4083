import { describe, expect, it } from 'vitest'
import { en } from './en.ts'
import { nl } from './nl.ts'

function flat(texts: object, under = ''): [string, string][] {
  return Object.entries(texts).flatMap(([key, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null
      ? flat(value, `${under}${key}.`)
      : [[`${under}${key}`, String(value)] as [string, string]],
  )
}
const places = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name).sort()

describe('Dutch and English', () => {
  const dutch = new Map(flat(nl))
  const english = new Map(flat(en))

  it('have the same keys', () => {
    expect([...english.keys()].sort()).toEqual([...dutch.keys()].sort())
  })

  it('fill in the same places', () => {
    const placesIn = (texts: Map<string, string>) =>
      Object.fromEntries([...texts].map(([key, text]) => [key, places(text)]))
    expect(placesIn(english)).toEqual(placesIn(dutch))
  })

  it('leave nothing empty', () => {
    for (const [key, text] of [...dutch, ...english]) expect(text.trim(), key).not.toBe('')
  })
})
