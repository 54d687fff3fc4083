import { users } from './hospitals.ts'
import type { Network } from './network-file.ts'

/** What somebody at the terminal needs to begin: addresses, log-ins, a BSN. */
export function welcome(network: Network): string {
  const logins = users.map(({ username, password, role }) => `${username} / ${password} (${role})`)
  const [first] = network.hospitals
  const lines = [
    'Twiin demo is ready. The hospitals are fictional, and so is everybody in them.',
    '',
    ...network.hospitals.flatMap(({ name, web, dicom }) => [
      name,
      `  page    ${web.url}`,
      `  DICOM   ${dicom.aeTitle}@${dicom.host}:${dicom.port}, from STORESCU`,
    ]),
    `Registry  ${network.registry.url}  (public page; people below)`,
    ...network.registry.users.map(
      ({ username, password, totpSecret }) =>
        `  ${username} / ${password}, authenticator secret ${totpSecret}`,
    ),
    ...(network.ohif === undefined
      ? []
      : [`OHIF      ${network.ohif.url}  (the button for another viewer, beside a study’s pictures)`]),
    '',
    `Log in    ${logins.join('   ')}`,
    ...network.patients.map(({ bsn, name, note }) => `BSN ${bsn}  ${name.split('^').join(', ')}: ${note}`),
    '',
    ...(first === undefined
      ? []
      : [
          `Send in a study:  storescu -aec ${first.dicom.aeTitle} ${first.dicom.host} ${first.dicom.port} FILE`,
        ]),
    ...(!first?.share
      ? []
      : [
          `Shares: mails in ${first.share.mailDir}, text messages in ${first.share.smsDir} (and so for each hospital);`,
          'who a patient is, a SIMULATOR says.',
        ]),
    'The browser warns once about each page: the certificate is the node’s own. Stop with Ctrl-C.',
  ]
  const width = Math.max(...lines.map((line) => line.length))
  const bar = '─'.repeat(width + 2)
  const boxed = lines.map((line) => `│ ${line.padEnd(width)} │`)
  return `┌${bar}┐\n${boxed.join('\n')}\n└${bar}┘\n`
}
