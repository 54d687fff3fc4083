/** J4, J5 from inside the PACS: a query at A finds the study at B, a move brings it into A's PACS. Nobody logs in. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { storeInstances } from '../../scripts/demo-network/store-instances.ts'
import { dcmtkMissing } from '../support/dcmtk.ts'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { expectDelivered } from '../support/expect-delivered.ts'
import { newStudy, studyUidOf, unusedBsns } from '../support/new-study.ts'
import { NodeApi, until } from '../support/node-api.ts'

const installed = existsSync('/usr/bin/findscu') && existsSync('/usr/bin/movescu')
let demo: Demo
beforeAll(async () => {
  if (installed) demo = await startDemo({ hospitals: 2, empty: true })
})
afterAll(() => (installed ? demo[Symbol.asyncDispose]() : undefined))

const study = ['-S', '-k', 'QueryRetrieveLevel=STUDY']

/** One of DCMTK's tools at hospital A; what it said. */
function atA(tool: 'findscu' | 'movescu', args: readonly string[]): Promise<string> {
  const { host, port, aeTitle } = demo.hospital(0).dicom
  const env = { ...process.env, TCP_NODELAY: '1' }
  return new Promise((resolve) =>
    execFile(
      `/usr/bin/${tool}`,
      ['-d', '-aec', aeTitle, ...args, host, String(port)],
      { env },
      (_, out, err) => resolve(out + err),
    ),
  )
}

/** The files that findscu writes, one an answer. */
async function answersAtA(keys: readonly string[]): Promise<Buffer[]> {
  const folder = await mkdtemp(join(tmpdir(), 'twiin-findscu-'))
  try {
    await atA('findscu', [...study, '-X', '-od', folder, ...keys.flatMap((key) => ['-k', key])])
    const names = (await readdir(folder)).sort()
    return await Promise.all(names.map((name) => readFile(join(folder, name))))
  } finally {
    await rm(folder, { recursive: true })
  }
}

describe.skipIf(!installed)(`from inside the PACS of A${dcmtkMissing}`, () => {
  test('findscu finds the study that lies at B, and movescu brings it into the PACS of A', async () => {
    const [bsn = ''] = unusedBsns
    const instances = newStudy({ seed: 'from-pacs', bsn, instances: 4 })
    const uid = studyUidOf(instances)
    const [a, b] = [demo.hospital(0), demo.hospital(1)]
    await new NodeApi(b).consent(bsn)
    const { host, port, aeTitle: calledAe } = b.dicom
    await storeInstances({ host, port, calledAe, callingAe: 'STORESCU' }, instances)

    const keys = [`PatientID=${bsn}`, 'IssuerOfPatientID=NLMINBIZA', 'StudyInstanceUID', 'InstitutionName']
    const found = await until(
      async () => {
        const answers = await answersAtA(keys)
        return answers.find((answer) => answer.includes(uid))
      },
      { timeoutMs: 20_000, what: 'the study is found from the PACS' },
    )
    expect(found.toString('latin1')).toContain(b.name)
    expect(found.toString('latin1')).toContain(a.dicom.aeTitle)

    const refused = await atA('movescu', ['-aem', 'ELSEWHERE', ...study, '-k', `StudyInstanceUID=${uid}`])
    expect(refused).toMatch(/0xa801/i)
    // Whoever found it may move it: another system has to ask for itself.
    const asFinder = ['-aet', 'FINDSCU', ...study, '-k', `StudyInstanceUID=${uid}`]
    const moved = await atA('movescu', ['-aem', a.pacs.aeTitle, ...asFinder])
    expect(moved).toMatch(/Completed Suboperations\s*: 4/)
    expect(moved).toMatch(/DIMSE Status\s*: 0x0000/)

    await expectDelivered(a.pacs.dir, instances)
  })
})
