import { codeOf, systemClock } from '@twiin/runtime'
import { expect, it } from 'vitest'
import { CertificateVerifier, NodeKey, credentialOf, derOf, holdCeremony } from '../index.ts'
import { forgeCertificate, rogueCredentials, rogueIssuer, rogueKinds } from '../testing.ts'

it('whoever steals the key of a real authority makes good certificates, and each of the eight bad kinds', async () => {
  const trustDomain = 'stolen.example'
  const passphrases = { root: 'a passphrase', issuing: 'another passphrase' }
  const bits = { rootKeyBits: 2048, issuingKeyBits: 2048 }
  const options = { trustDomain, organisation: 'Twiin', at: new Date(), passphrases, ...bits }
  const { rootCertificate, issuingCertificate, issuingKey } = await holdCeremony(options)
  const stolen = { trustDomain, issuingCertificate, issuingKey, passphrase: passphrases.issuing }
  const issuer = rogueIssuer(stolen)
  const verifier = new CertificateVerifier({ trustDomain, rootCertificate }, { clock: systemClock })
  const key = NodeKey.generate()

  const issuing = derOf('CERTIFICATE', issuingCertificate)
  const good = credentialOf(await forgeCertificate(issuer, key), issuing)
  expect(await verifier.verify(good)).toMatchObject({ peerId: key.peerId, ura: '90000001' })
  const other = await forgeCertificate(issuer, key, { subject: { ura: '90000009', role: 'keeper' } })
  expect(await verifier.verify(credentialOf(other, issuing))).toMatchObject({
    ura: '90000009',
    role: 'keeper',
  })

  const rogue = await rogueCredentials(issuer, key)
  expect(rogue.map(({ name }) => name)).toEqual(rogueKinds)
  const answers = await Promise.all(
    rogue.map(({ credential }) => verifier.verify(credential).then(() => 'accepted', codeOf)),
  )
  expect(answers).toEqual(rogue.map(({ code }) => code))
  // None is refused for being unreadable: each fails on what it is named after.
  expect(new Set(answers)).not.toContain('CERT_UNREADABLE')
})
