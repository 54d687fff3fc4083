import { createHash, randomBytes } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Holdings, collect, factsOf, headOf, remote, withCitizenNumber } from './testing.ts'

const name = 'Vanderlinden^Wilhelmina'
const number = '999990019'
const localNumber = 'P-20481632'
const uids = ['1.2.826.0.77', '1.2.826.0.77.1', '1.2.826.0.77.1.1', '1.2.826.0.77.1.2', '1.2.826.0.77.1.3']

/** A text in every dress it could have on disk. */
function dresses(text: string): Buffer[] {
  const plain = Buffer.from(text)
  const forms = [plain, Buffer.from(text, 'utf16le'), Buffer.from(text, 'utf16le').swap16()]
  // base64 shifts with the position in what surrounds it
  for (const shift of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(shift), plain])
      .toString('base64')
      .replace(/=+$/, '')
    forms.push(Buffer.from(encoded.slice(shift === 0 ? 0 : shift + 1, -1)))
  }
  for (const hash of ['md5', 'sha1', 'sha256', 'sha512']) {
    const digest = createHash(hash).update(plain).digest()
    forms.push(digest.subarray(0, 12), Buffer.from(digest.toString('hex').slice(0, 24)))
  }
  return [...forms, Buffer.from(plain.toString('hex')), Buffer.from(plain.toString('hex').toUpperCase())]
}

it('no name, number or UID stands in any file or file name, in any form', async () => {
  await using holdings = await Holdings.create()
  const patient = { patientName: name, patientId: { id: localNumber }, ...withCitizenNumber(number) }
  const head = (uid: string) =>
    headOf(uid, { studyInstanceUid: uids[0] ?? '', seriesInstanceUid: uids[1] ?? '', ...patient })
  const dataSet = Buffer.concat([
    randomBytes(500),
    Buffer.from(`${name} ${number} ${localNumber} ${uids.join()}`),
  ])
  await holdings.receive(head(uids[2] ?? ''), dataSet)
  await holdings.receive(head(uids[2] ?? ''), Buffer.concat([dataSet, dataSet])) // quarantined
  await holdings.receive(head(uids[3] ?? ''), dataSet, { origin: remote })
  const partial = { ...factsOf(head(uids[4] ?? '')), resumeAs: `${number} ${uids[4]}` }
  const unfinished = await holdings.studies.openIncoming(partial)
  await unfinished.write(Buffer.concat(Array<Buffer>(200).fill(dataSet)))
  await unfinished.checkpoint()
  await holdings.restart() // so that LevelDB has also written its tables
  expect(await collect(holdings.studies.studies())).toHaveLength(2)

  const paths = await readdir(holdings.dir, { recursive: true, withFileTypes: true })
  const files = paths.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const contents = await Promise.all(files.map((file) => readFile(file)))
  expect(contents.reduce((sum, content) => sum + content.length, 0)).toBeGreaterThan(70_000)
  const names = Buffer.from(paths.map((entry) => entry.name).join('\n'))
  for (const text of [name, 'Vanderlinden', number, localNumber, ...uids]) {
    for (const dress of dresses(text)) {
      expect(contents.filter((content) => content.includes(dress))).toEqual([])
      expect(names.includes(dress)).toBe(false)
    }
  }
})
