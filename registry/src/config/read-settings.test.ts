import { expect, test } from 'vitest'
import { judgeSettings } from './read-settings.ts'

const least = { trustDomain: 'twiin.example', operator: { organisation: 'Registry', ura: '90000000' } }

test('a settings file needs two things; the rest has defaults, with paths from where the file is', () => {
  const settings = judgeSettings(least, '/srv/registry')
  expect(settings.dataDir).toBe('/srv/registry/data')
  expect(settings.tokens.approver).toBe('/srv/registry/tokens/approver')
  expect(settings.quotas).toEqual({ node: 5_000, user: 200, clinics: {} })
  expect(least).not.toHaveProperty('dataDir')
})

test('the options of a signer module are its own; its path is from where the file is', () => {
  const signerOptions = { library: '/usr/lib/token.so', slot: 1, nested: { any: ['thing'] } }
  const authority = { signerModule: 'hsm/signer.js', signerOptions }
  const settings = judgeSettings({ ...least, authority }, '/srv/registry')
  expect(settings.authority).toMatchObject({ signerModule: '/srv/registry/hsm/signer.js', signerOptions })
  expect(judgeSettings(least, '/srv/registry').authority).not.toHaveProperty('signerModule')
})

test('an unknown key is an error that names it, at any depth', () => {
  const refuses = (raw: object, facts: object) =>
    expect(() => judgeSettings(raw, '/')).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', facts: expect.objectContaining(facts) as object }),
    )
  refuses({ ...least, quota: {} }, { at: '/', unknown: 'quota' })
  refuses({ ...least, http: { prot: 1 } }, { at: '/http', unknown: 'prot' })
  refuses({ ...least, http: { port: 65_536 } }, { at: '/http/port' })
  refuses({ operator: least.operator }, { at: '/' })
  refuses({ ...least, trustDomain: 'Twiin' }, { at: '/trustDomain' })
})
