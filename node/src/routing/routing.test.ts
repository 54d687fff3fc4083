import { sampleStudy } from '@twiin/dicom/testing'
import type { SampleInstance } from '@twiin/dicom/testing'
import { describe, expect, it } from 'vitest'
import { eventually, patient, TestHospital } from '../testing/test-hospital.ts'
import { TestNetwork } from '../testing/test-network.ts'
import { firing, judgeRules } from './judge-rules.ts'
import type { StudyFacts } from './judge-rules.ts'
import type { Rule } from './routing-settings.ts'

const to = {
  ura: '90000002',
  mailbox: 'radiologie',
  urgency: 'urgent' as const,
  reason: 'afspraak',
  note: 'let op',
}
const rule = (change: Partial<Rule>): Rule => ({
  ...{ name: 'r', when: {}, to, quietSeconds: 0.05, stop: false },
  ...change,
})
const facts: StudyFacts = {
  ...{ modalities: ['CT', 'SR'], bodyParts: ['CHEST'], description: 'CT-Thórax, met contrast' },
  ...{ referringDepartment: 'Spoedeisende hulp', priority: 'STAT' },
  ...{ department: 'Longziekten', calledAe: 'TWIIN', callingAe: 'CT1', isFromElsewhere: false },
}
// A Saturday, half past eleven at night in Amsterdam.
const moment = { at: Date.UTC(2026, 0, 10, 22, 30), timeZone: 'Europe/Amsterdam' }
const failing = (when: Rule['when'], study = facts) => judgeRules([rule({ when })], study, moment)[0]?.failing

describe('a rule', () => {
  it.each<[Rule['when'], boolean]>([
    [{}, true],
    [{ modality: ['MR', 'ct'] }, true],
    [{ modality: ['MR'] }, false],
    [{ descriptionWords: ['thorax'] }, true],
    [{ descriptionWords: ['thor'] }, false],
    [{ department: ['longziekten'], callingAe: ['CT1'], calledAe: ['TWIIN'], bodyPart: ['chest'] }, true],
    [{ department: ['cardiologie'] }, false],
    [{ priority: ['stat', 'high'], referringDepartment: ['spoedeisende hulp'] }, true],
    [{ priority: ['routine'] }, false],
    [{ referringDepartment: ['Longziekten'] }, false],
    [{ hours: '18:00-07:30' }, true],
    [{ hours: '07:30-18:00' }, false],
    [{ weekdays: ['sa', 'su'] }, true],
    [{ weekdays: ['mo'], modality: ['CT'] }, false],
  ])('%j matches: %s', (when, matches) => {
    expect(failing(when)?.length === 0).toBe(matches)
  })

  it('says which of its conditions does not hold', () => {
    expect(failing({ modality: ['CT'], bodyPart: ['HEAD'], hours: '00:00-12:00' })).toEqual([
      'bodyPart',
      'hours',
    ])
  })

  it('with stop ends the list; of several to one recipient the first sends; without recipient none', () => {
    const rules = [
      rule({ name: 'a' }),
      rule({ name: 'b' }),
      rule({ name: 'c', to: { ...to, mailbox: 'cardiologie' } }),
      rule({ name: 'd', to: undefined as never, stop: true }),
      rule({ name: 'e', to: { ...to, ura: '90000003' } }),
    ]
    expect(firing(judgeRules(rules, facts, moment)).map(({ name }) => name)).toEqual(['a', 'c'])
  })

  it('never matches what another hospital made', () => {
    expect(firing(judgeRules([rule({})], { ...facts, isFromElsewhere: true }, moment))).toEqual([])
  })
})

/** A, with rules, and B. */
async function ruled(rules: Rule[]) {
  const network = await TestNetwork.open()
  const a = await TestHospital.open({ ura: '90000001', name: 'A', rules, sendTo: '90000002' }, network)
  const b = await TestHospital.open(
    { ura: '90000002', name: 'B', rules: [rule({ name: 'back', to: { ...to, ura: '90000001' } })] },
    network,
  )
  return {
    ...{ network, a, b },
    async [Symbol.asyncDispose]() {
      for (const each of [a, b, network]) await each[Symbol.asyncDispose]()
    },
  }
}

describe('a complete study', () => {
  it('is sent by the rule, once, with what the rule says; it is on record, and never routed on', async () => {
    await using net = await ruled([rule({ name: 'thorax', when: { descriptionWords: ['thorax'] } })])
    const { a, b } = net
    const { instances, studyInstanceUid } = await a.receive()
    const send = await a.transferIn('delivered')
    expect(send).toMatchObject({ rule: 'thorax', urgent: true, mailbox: 'radiologie', note: 'let op' })
    expect(await a.audit('send')).toMatchObject([{ protocol: 'rule: thorax', requestId: send.id }])
    expect(b.archive.stored).toHaveLength(instances.length)
    // B's PACS stores it back at B's node, as archives do that forward all they get.
    await b.receive(
      {},
      { change: (each) => ({ ...each, ...instances.find(({ fileName }) => fileName === each.fileName) }) },
    )
    expect(await b.exchange.routing.rules.test(studyInstanceUid)).toMatchObject({
      rules: [{ matches: false }],
    })
    await b.restart()
    expect((await b.transfers()).filter(({ kind }) => kind === 'send')).toEqual([])
  })

  it('goes by the urgency and the department that asked for it, as its images say, wherever they say it', async () => {
    const urgent = { priority: ['stat' as const], referringDepartment: ['Longziekten'] }
    await using net = await ruled([rule({ name: 'urgent', when: urgent })])
    const { a } = net
    await a.receive({ seed: 'routine' }, { change: asking('ROUTINE', 'Longziekten') })
    await a.receive({ seed: 'stat' }, { change: asking('STAT', 'Longziekten') })
    expect(await a.transferIn('delivered')).toMatchObject({ rule: 'urgent' })
    const { studyInstanceUid } = await a.receive({ seed: 'far' }, { change: asking('STAT', 'x', 5_000_000) })
    // What asks for it is further on than anybody reads: the rule does not hold, and the rest does.
    expect(await a.exchange.routing.rules.test(studyInstanceUid)).toMatchObject({
      rules: [{ failing: ['priority', 'referringDepartment'] }],
    })
    expect(await a.transfers()).toHaveLength(1)
  })

  it('waits for the end of the association and the quiet time, also across a restart, and no rule is no send', async () => {
    await using net = await ruled([
      rule({ name: 'mr', when: { modality: ['MR'] } }),
      rule({ name: 'late', when: { modality: ['CT'] }, quietSeconds: 0.3 }),
    ])
    const { a } = net
    await a.receive()
    expect(await a.transfers()).toEqual([])
    await a.restart()
    expect(await a.transferIn('delivered')).toMatchObject({ rule: 'late' })
    expect(await a.transfers()).toHaveLength(1)
  })

  it('that gets more later is sent again, whole', async () => {
    await using net = await ruled([rule({})])
    const { a, b } = net
    await a.receive({ instances: 2, seed: 's' })
    await a.transferIn('delivered')
    await a.receive({ instances: 5, seed: 's' })
    const inPacs = () => new Set(b.archive.stored.map(({ sopInstanceUid }) => sopInstanceUid))
    await eventually(() => inPacs().size === 5)
    await eventually(async () => (await a.transfers()).every(({ state }) => state === 'delivered'))
    expect(await a.transfers()).toHaveLength(2)
  })
})

describe('a send', () => {
  it('leaves out presentation states and key objects, and the preview says so and warns', async () => {
    await using net = await ruled([])
    const { a, b } = net
    const ct = sampleStudy({
      ...{ kind: 'CT', patient, studyDate: '2026-01-05', description: 'CT', institution: 'A' },
      ...{ instances: 4, size: 16, seed: 'mixed' },
    })
    const marked = new Set(ct.slice(2).map(({ sopInstanceUid }) => sopInstanceUid))
    const [first] = ct
    const studyInstanceUid = first?.studyInstanceUid ?? ''
    // Two of the four are of a series of their own, of presentation states.
    await a.receive(
      { instances: 4, seed: 'mixed', description: 'CT' },
      {
        change: (each) =>
          marked.has(each.sopInstanceUid) ? { ...each, bytes: asPresentationState(each.bytes) } : each,
      },
    )
    await a.receive({ studyDate: '2026-02-01', seed: 'newer' })
    const preview = await a.exchange.sends.preview([studyInstanceUid])
    expect(preview).toMatchObject({
      instances: 2,
      studies: [{ excluded: [{ kind: 'PR', instances: 2 }], isLatest: false }],
      warnings: ['NOT_THE_LATEST'],
    })
    await a.exchange.sends.request(
      { studyInstanceUids: [studyInstanceUid], recipient: { ura: '90000002' }, reason: 'verwijzing' },
      { id: 'rad', name: 'R', role: 'radiologist' },
    )
    expect(await a.transferIn('delivered')).toMatchObject({ instances: { done: 2, total: 2 } })
    expect(b.archive.stored.some(({ sopInstanceUid }) => marked.has(sopInstanceUid))).toBe(false)
  })
})

/** With Requesting Service and Requested Procedure Priority, behind `private` bytes of something else. */
function asking(priority: string, service: string, ballast = 0) {
  const short = (group: number, element: number, vr: string, value: Buffer) => {
    const header = Buffer.alloc(8)
    header.writeUInt16LE(group, 0)
    header.writeUInt16LE(element, 2)
    header.write(vr, 4, 'latin1')
    header.writeUInt16LE(value.length, 6)
    return Buffer.concat([header, value])
  }
  const even = (text: string) => Buffer.from(text.length % 2 === 0 ? text : `${text} `, 'latin1')
  const long = Buffer.from([0x29, 0x00, 0x10, 0x10, 0x4f, 0x42, 0, 0, 0, 0, 0, 0])
  long.writeUInt32LE(ballast, 8)
  const added = Buffer.concat([
    ...(ballast === 0 ? [] : [short(0x29, 0x10, 'LO', even('BALLAST ')), long, Buffer.alloc(ballast)]),
    short(0x32, 0x1033, 'LO', even(service)),
    short(0x40, 0x1003, 'SH', even(priority)),
  ])
  return (instance: SampleInstance): SampleInstance => {
    const at = instance.bytes.indexOf(Buffer.from([0xe0, 0x7f, 0x10, 0x00]))
    const { bytes } = instance
    return { ...instance, bytes: Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at)]) }
  }
}

/** Modality and series changed in place; the values are of the same length. */
function asPresentationState(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1')
  const modality = text.indexOf('\x08\x00\x60\x00CS')
  const series = text.indexOf('\x20\x00\x0e\x00UI')
  const changed = Buffer.from(bytes)
  changed.write('PR', modality + 8, 'latin1')
  const length = changed.readUInt16LE(series + 6)
  const at = series + 8 + length - 1
  const last = changed[at] === 0 ? at - 1 : at
  changed[last] = changed[last] === 0x39 ? 0x38 : 0x39
  return changed
}
