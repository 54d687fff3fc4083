import { expect, test } from 'vitest'
import { readStatusAddress, statusAddress } from './status-address.ts'

const id = '3b241101-e2bb-4255-8caf-4136c566a962'

test('the address of an application is read back, whole or only its end, and nothing else is', () => {
  const address = `https://register.example${statusAddress(id, 'abc_DEF-123')}`
  expect(readStatusAddress(` ${address} `)).toEqual({ id, token: 'abc_DEF-123' })
  expect(readStatusAddress(address.slice(address.indexOf('#')))).toEqual({ id, token: 'abc_DEF-123' })
  for (const text of ['', '#', id, `${id}.`, `${id}.short`, `${id}.a b c d e f`, `x${id}.abcdefgh`])
    expect(readStatusAddress(text)).toBeUndefined()
})
