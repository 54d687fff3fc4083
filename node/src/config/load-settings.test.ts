import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkFiles, checkFilesBeforeApproval } from './check-files.ts'
import { ignoredVariables, loadSettings } from './load-settings.ts'

const minimal = `
hospital: { name: Ziekenhuis Voorbeeld, ura: "90000001", patientIdIssuer: VOORBEELD }
dataDir: data
trust: { domain: twiin.example, rootCertificateFile: root.pem }
registry: { url: "https://127.0.0.1:1", caFile: ca.pem }
peer: { listen: [/ip4/127.0.0.1/tcp/4001] }
dicom: { port: 104, aeTitle: TWIIN, callingAeTitles: [STORESCU] }
pacs: { port: 105, aeTitle: PACS, callingAeTitle: TWIIN }
web: { port: 8443 }
peopleFile: people.json
`
const certificate = '-----BEGIN CERTIFICATE-----\n'
const file = (text: string) => {
  const path = join(mkdtempSync(join(tmpdir(), 'twiin-config-')), 'node.yaml')
  writeFileSync(path, text)
  return path
}

const destination = (aeTitle: string, ura: string) => (text: string) =>
  text.includes('destinations: [')
    ? text.replace('destinations: [', `destinations: [{ aeTitle: ${aeTitle}, ura: "${ura}" }, `)
    : text.replace('dicom: {', `dicom: { destinations: [{ aeTitle: ${aeTitle}, ura: "${ura}" }],`)
const rule = (ura: string) => (text: string) =>
  `${text}routing: { rules: [{ name: ct, when: { modality: [CT] }, to: { ura: "${ura}", reason: Verwijzing } }] }\n`

describe('settings', () => {
  it('name no two rules alike, and a time zone that exists', () => {
    const to = 'to: { ura: "90000002", reason: x }'
    const rules = `[{ name: Spoed, when: {}, ${to} }, { name: spoed, when: {}, ${to} }]`
    const load = (routing: string) => () => loadSettings(file(`${minimal}routing: ${routing}`), {})
    expect(load(`{ rules: ${rules} }`)).toThrow(/rules\/1\/name/)
    expect(load('{ timeZone: Europe/Atlantis }')).toThrow(/timeZone/)
    expect(load(`{ rules: ${rules.replace('spoed', 'nacht')} }`)).not.toThrow()
  })

  it('get their defaults and paths relative to the file', () => {
    const path = file(minimal)
    const settings = loadSettings(path, {})
    expect(settings.transfer).toEqual({ lanes: 1, memoryMiB: 64, concurrent: 4, retrySeconds: 2 })
    expect(settings.log.level).toBe('info')
    expect(settings.dataDir).toBe(join(path, '..', 'data'))
  })

  it('are overridden by the environment', () => {
    expect(loadSettings(file(minimal), { TWIIN_WEB__PORT: '9000', TWIIN_LOG__LEVEL: 'debug' })).toMatchObject(
      {
        web: { port: 9000 },
        log: { level: 'debug' },
      },
    )
  })

  it('of the first level too; what sets nothing is named', () => {
    const env = { TWIIN_DATA_DIR: '/elsewhere', TWIIN_WEBPORT: '9000' }
    expect(loadSettings(file(minimal), env)).toMatchObject({ dataDir: '/elsewhere', web: { port: 8443 } })
    expect(ignoredVariables(env)).toEqual(['TWIIN_WEBPORT'])
  })

  it('that name files which are not there are refused by name, the token only before it was used', () => {
    const path = file(minimal)
    const settings = loadSettings(path, {})
    expect(() => checkFiles(settings)).toThrow(/rootCertificateFile.*caFile.*enrolmentTokenFile/)
    for (const name of ['root.pem', 'ca.pem']) writeFileSync(join(path, '..', name), '')
    for (const name of ['root.pem', 'ca.pem']) writeFileSync(join(path, '..', name), certificate)
    expect(() => checkFiles(settings)).toThrow(/errors=registry.enrolmentTokenFile/)
    expect(checkFilesBeforeApproval(settings)).toEqual({ awaitsToken: true })
    mkdirSync(join(settings.dataDir, 'identity'), { recursive: true })
    writeFileSync(join(settings.dataDir, 'identity', 'node.pem'), '')
    expect(() => checkFiles(settings)).not.toThrow()
    expect(checkFilesBeforeApproval(settings)).toEqual({ awaitsToken: false })
    writeFileSync(join(path, '..', 'ca.pem'), 'DICM')
    expect(() => checkFiles(settings)).toThrow(/errors=registry.caFile: no certificate in .*ca.pem/)
  })

  it('that cannot be read say why and where', () => {
    expect(() => loadSettings(file('a: 1\nb: [c'), {})).toThrow(/CONFIG_UNREADABLE.*line 2/)
    expect(() => loadSettings('/nowhere.yaml', {})).toThrow(/ENOENT/)
  })

  it('that the registry would refuse are refused here', () => {
    const mailboxes = (value: string[]) => `${minimal}mailboxes: ${JSON.stringify(value)}\n`
    const addresses = Array.from({ length: 9 }, (_, i) => `/ip4/192.0.2.${i}/tcp/1`)
    const announcing = (value: string[]) =>
      minimal.replace('tcp/4001] }', `tcp/4001], announce: ${JSON.stringify(value)} }`)
    for (const text of [mailboxes(['']), mailboxes(Array<string>(65).fill('ct')), announcing(addresses)])
      expect(() => loadSettings(file(text), {})).toThrow(/CONFIG_INVALID.*(mailboxes|announce)/)
    expect(loadSettings(file(mailboxes(['ct'])), {}).mailboxes).toEqual(['ct'])
    expect(loadSettings(file(announcing(addresses.slice(1))), {}).peer.announce).toHaveLength(8)
  })

  it('of TLS on the DICOM side name files relative to the file, and have to agree with each other', () => {
    const tls = (more: string) =>
      minimal.replace(
        'dicom: {',
        `dicom: { tls: { port: 2762, certificateFile: a.pem, keyFile: a.key${more} },`,
      )
    const path = file(tls(', caFile: ca.pem'))
    const settings = loadSettings(path, {})
    const there = (name: string) => join(path, '..', name)
    expect(settings.dicom.tls).toEqual({
      ...{ port: 2762, clientCertificate: 'required' },
      ...{ certificateFile: there('a.pem'), keyFile: there('a.key'), caFile: there('ca.pem') },
    })
    expect(() => checkFiles(settings)).toThrow(/dicom.tls.certificateFile.*keyFile.*caFile/)
    const needsCa = /CONFIG_INVALID.*needs.*caFile/
    expect(() => loadSettings(file(tls('')), {})).toThrow(needsCa)
    const serverOnly = tls(', clientCertificate: none')
    expect(loadSettings(file(serverOnly), {}).dicom.tls?.clientCertificate).toBe('none')
    for (const text of [minimal, serverOnly])
      expect(() => loadSettings(file(text.replace('pacs: {', 'pacs: { tls: true,')), {})).toThrow(needsCa)
    const station = '{ aeTitle: WS, host: ws, port: 104, tls: true }'
    const entity = minimal.replace('dicom: {', `dicom: { applicationEntities: [${station}],`)
    expect(() => loadSettings(file(entity), {})).toThrow(needsCa)
    const archive = `${minimal}archive: { kind: dimse, retrieve: get, port: 104, aeTitle: ARCHIVE, tls: true }\n`
    expect(() => loadSettings(file(archive), {})).toThrow(needsCa)
  })

  it('of TLS on the HL7 side name files relative to the file', () => {
    const tls = 'tls: { certificateFile: h.pem, keyFile: h.key, clientCaFile: tls/ca.pem }'
    const path = file(`${minimal}hl7: { port: 2575, senders: [{ application: ZIS }], ${tls} }\n`)
    const there = (name: string) => join(path, '..', name)
    const settings = loadSettings(path, {})
    expect(settings.hl7).toMatchObject({
      ...{ port: 2575, senders: [{ application: 'ZIS' }] },
      tls: { certificateFile: there('h.pem'), keyFile: there('h.key'), clientCaFile: there('tls/ca.pem') },
    })
  })

  it('are judged before the registry approved as they will be at the start: only the token is still to come', () => {
    const hl7 =
      'hl7: { port: 2575, senders: [{ application: ZIS }], tls: { certificateFile: h.pem, keyFile: h.key } }'
    const oidc =
      'oidc: { issuer: "https://login.example", clientId: a, clientSecretFile: secret, roleClaim: r, roles: {} }'
    const mitz =
      'mitz: { url: "https://mitz.example", certificateFile: m.pem, keyFile: m.key, caFile: m-ca.pem, dataCategory: B }'
    const syslog = 'syslog: { host: siem.example, caFile: s-ca.pem }'
    const more = [hl7, `signIn: { ${oidc} }`, `consent: { ${mitz} }`, `audit: { ${syslog} }`].join('\n')
    const archive =
      'archive: { kind: dicomweb, retrieve: wado, url: "https://archive.example", authorizationFile: bearer }'
    const tls = 'dicom: { tls: { port: 2762, certificateFile: d.pem, keyFile: d.key, caFile: d-ca.pem },'
    const path = file(`${minimal.replace('dicom: {', tls)}${more}\n${archive}\n`)
    const settings = loadSettings(path, {})
    const needed = ['root.pem', 'ca.pem', 'h.pem', 'h.key', 'secret', 'm.pem', 'm.key', 'm-ca.pem']
    const all = [...needed, 's-ca.pem', 'd.pem', 'd.key', 'd-ca.pem', 'bearer']
    for (const name of all) writeFileSync(join(path, '..', name), certificate)
    expect(checkFilesBeforeApproval(settings)).toEqual({ awaitsToken: true })
    for (const name of all) {
      rmSync(join(path, '..', name))
      expect(() => checkFilesBeforeApproval(settings), name).toThrow(
        `no such file: ${join(path, '..', name)}`,
      )
      writeFileSync(join(path, '..', name), certificate)
    }
  })

  it.each<[string, (text: string) => string]>([
    [
      'a destination under the own AE title: all that is stored would leave',
      destination('TWIIN', '90000002'),
    ],
    [
      'an AE title that stands for two hospitals',
      (text) => destination('B', '90000002')(destination('B', '90000003')(text)),
    ],
    ['a destination that is this hospital', destination('B', '90000001')],
    ['a rule that sends to this hospital', rule('90000001')],
    ['two listeners on one port', (text) => text.replace('port: 104', 'port: 8443')],
    [
      'a listener on every address, and another on its port',
      (text) => text.replace('port: 104', 'host: 0.0.0.0, port: 8443'),
    ],
  ])('that would mean two things are refused: %s', (_what, change) => {
    expect(() => loadSettings(file(change(minimal)), {})).toThrow(
      /CONFIG_INVALID.*(aeTitle|ura|port) (is|stands)/,
    )
  })

  it('of destinations, rules and listeners that differ are taken', () => {
    const text = [destination('B', '90000002'), destination('B_CT', '90000002'), rule('90000002')].reduce(
      (sum, change) => change(sum),
      minimal,
    )
    expect(loadSettings(file(text), {}).dicom.destinations).toHaveLength(2)
  })

  it('with an unknown key are refused by name', () => {
    expect(() =>
      loadSettings(file(minimal.replace('aeTitle: TWIIN,', 'aeTitle: TWIIN, aeTitel: X,')), {}),
    ).toThrow(/additional properties: aeTitel \(did you mean aeTitle\?\)\)$/)
    expect(() => loadSettings(file(minimal.replace('"90000001"', '"9"')), {})).toThrow(/CONFIG_INVALID.*ura/)
  })

  it.each([
    ['"90000001"', '90000001', '/hospital/ura must be string (write it in quotes)'],
    ['aeTitle: TWIIN,', 'aeTitle: TWIIN, aeTitel: X,', 'aeTitel (did you mean aeTitle?)'],
    ['dataDir: data', 'datadir: data', 'datadir (did you mean dataDir?)'],
    ['dataDir: data', 'dataDir: data\nsomething: 1', 'properties: something)'],
    ['[STORESCU]', '[STORESCU, A/B]', '/dicom/callingAeTitles/1 must be 1 to 16 characters: an AE title'],
    [
      '[STORESCU]',
      '[STORESCU], destinations: [{ aeTitle: " ", ura: "90000002" }]',
      '/dicom/destinations/0/aeTitle must be 1 to 16 characters: an AE title',
    ],
    [
      'people.json',
      'people.json\nlog: { level: loud }',
      '/log/level must be one of: debug, info, warn, error',
    ],
  ])('that are wrong say what would be right: %s → %s', (right, wrong, says) => {
    const path = file(minimal.replace(right, wrong))
    expect(() => loadSettings(path, {})).toThrow(says)
  })

  it.each([
    ['nothing', ''],
    ['no YAML', 'a: [b'],
    ['a list', '- a'],
    ['very deep', `a: ${'['.repeat(5000)}`],
    [
      'aliases that multiply',
      `a: &a [x,x]\n${Array.from({ length: 30 }, (_, i) => `a${i}: &b${i} [*${i === 0 ? 'a' : `b${i - 1}`}, *${i === 0 ? 'a' : `b${i - 1}`}]`).join('\n')}`,
    ],
  ])('of a file that holds %s are refused with a code', (_what, text) => {
    expect(() => loadSettings(file(text), {})).toThrow(/CONFIG_/)
    expect(() => loadSettings(file(text), { TWIIN_WEB__PORT: '1' })).toThrow(/CONFIG_/)
  })

  it('from the environment never reach outside the settings', () => {
    expect(() => loadSettings(file(minimal), { TWIIN_HOSPITAL__URA__X: '1' })).toThrow('CONFIG_INVALID')
    expect(() => loadSettings(file(minimal), { TWIIN___PROTO____POLLUTED: 'x' })).not.toThrow(TypeError)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })
})
