import { expect, test } from 'vitest'
import { splitCredential } from './credential.ts'
import { describeCertificate } from './describe-certificate.ts'
import { NodeKey } from './node-key.ts'
import { testAuthority } from './testing.ts'

test('a certificate is shown as it is: subject, names, key, and every extension', async () => {
  const authority = await testAuthority()
  const key = NodeKey.generate()
  const subject = { organisation: 'Kliniek Één', ura: '10000001', agb: '12345678', declaredPatients: 12_000 }
  const described = describeCertificate(splitCredential(await authority.certify(key, subject)).leaf)
  expect(described.subject).toEqual(['C=NL', 'O=Kliniek Één', 'organizationIdentifier=URA:10000001'])
  expect(described.sans).toEqual([
    `URI:spiffe://twiin.example/ura/10000001/peer/${key.peerId}`,
    'DNS:10000001.twiin.example',
  ])
  expect(described.key).toMatchObject({ algorithm: 'ed25519', peerId: key.peerId })
  const shown = Object.fromEntries(described.extensions.map(({ name, value }) => [name, value]))
  expect(shown).toMatchObject({
    ...{
      basicConstraints: 'no CA',
      keyUsage: 'digitalSignature',
      extendedKeyUsage: 'serverAuth, clientAuth',
    },
    ...{ role: 'member', declaredPatients: '12000', agb: '12345678' },
  })
  expect(described.extensions).toHaveLength(9)
})
