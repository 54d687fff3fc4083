import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ManualClock, TwiinError } from '@twiin/runtime'
import { PackageReader, keyFromText } from '@twiin/share-package'
import { describe, expect, it } from 'vitest'
import { byLetter, made, mailed, partsOf, person, stateOf } from '../testing/made-shares.ts'
import { TestShares, shared } from '../testing/test-shares.ts'

const dayMs = 24 * 3_600_000
const minuteMs = 60_000
const packagesOn = (shares: TestShares) => readdir(join(shares.dir, 'shares'))
const eventsOf = async (shares: TestShares) => (await shares.audit()).map(({ event }) => event)

describe('a share', () => {
  it('is made behind the answer, mailed when it is whole, opened by link and code, and all of it is on record', async () => {
    const clock = new ManualClock()
    await using shares = await TestShares.open({ clock })
    const given = await shares.routes.creating.create(mailed, person)
    const { link, key } = partsOf(given.url)
    const { id } = given.record
    expect(given.record).toMatchObject({ state: 'preparing', mail: 'waiting' })
    await shares.routes.maker.idle()
    expect(shares.messages.mails).toMatchObject([{ to: 'anna.jansen@post.example' }])
    expect(shares.messages.mails[0]?.mail.text).toContain(given.url)
    await shares.door.askCode(link)
    await shares.door.settled()
    expect(shares.messages.texts).toMatchObject([{ to: '+31612345678' }])
    expect(await shares.door.enter(link, { code: shares.messages.code })).toEqual({
      ...{ outcome: 'open', shareId: id },
    })
    const open = await shares.door.opened(id)
    const file = await readFile(open?.packageFile ?? '')
    expect(open).toMatchObject({ packageBytes: file.length, recipient: 'patient', downloads: true })
    const source = {
      size: file.length,
      read: async (at: number, length: number) => file.subarray(at, at + length),
    }
    const reader = new PackageReader({ key: keyFromText(key) ?? new Uint8Array() }, { source })
    expect(await reader.manifest()).toMatchObject({ hospital: 'A' })
    await shares.door.noted(id, 'viewed')
    await shares.door.noted(id, 'downloaded')
    await shares.door.block(id)
    expect(await eventsOf(shares)).toEqual([
      ...['share-created', 'share-opened', 'share-viewed', 'share-downloaded', 'share-blocked'],
    ])
    for (const entry of await shares.audit())
      expect(entry).toMatchObject({ patient: shared.patient, requestId: id })
    const { history } = await shares.routes.book.find(id)
    expect(history.map(({ what }) => what)).toEqual([
      ...['created', 'mailed', 'opened', 'viewed', 'downloaded', 'blocked'],
    ])
  })

  it.each([
    ['revoked', (shares: TestShares, id: string) => shares.routes.desk.revoke(id, person)],
    ['blocked', (shares: TestShares, id: string) => shares.door.block(id)],
  ] as const)('%s is over at once, and its package is gone', async (state, end) => {
    await using shares = await TestShares.open({ clock: new ManualClock() })
    const { id, link, code } = await made(shares, byLetter)
    expect(await packagesOn(shares)).toEqual([`${id}.package`])
    await end(shares, id)
    expect(await packagesOn(shares)).toEqual([])
    expect(shares.over).toEqual([id])
    expect(await shares.door.opened(id)).toBeUndefined()
    expect(await stateOf(shares, id)).toBe(state)
    expect(await shares.door.enter(link, { code: 'X' })).toMatchObject({ outcome: 'wrong' })
    expect(await shares.door.enter(link, { code })).toEqual({ outcome: 'over', reason: state })
    await expect(shares.routes.desk.revoke(id, person)).rejects.toMatchObject({ code: 'SHARE_OVER' })
  })

  it('that is over sends no code', async () => {
    await using shares = await TestShares.open({ clock: new ManualClock() })
    const { id, link } = await made(shares, mailed)
    await shares.routes.desk.revoke(id, person)
    await shares.door.askCode(link)
    await shares.door.settled()
    expect(shares.messages.texts).toEqual([])
  })

  it('expires by the clock, is ended by itself then, and forgotten after its days', async () => {
    const clock = new ManualClock()
    await using shares = await TestShares.open({ clock })
    const { id, link, code } = await made(shares, { ...byLetter, validDays: 2 })
    await clock.advance(2 * dayMs - 1)
    expect(await shares.door.enter(link, { code })).toMatchObject({ outcome: 'open' })
    await clock.advance(minuteMs)
    await shares.life.look()
    expect(await packagesOn(shares)).toEqual([])
    expect(shares.over).toEqual([id])
    expect(await shares.door.enter(link, { code })).toEqual({ outcome: 'over', reason: 'expired' })
    expect(await eventsOf(shares)).toEqual(['share-created', 'share-opened', 'share-expired'])
    await clock.advance(401 * dayMs)
    await shares.life.look()
    expect(await shares.routes.book.list()).toEqual([])
    expect(await shares.door.enter(link, { code })).toMatchObject({ outcome: 'wrong' })
  }, 60_000)

  it('with a young report opens for a patient when that is seven days old, unless it was talked over', async () => {
    const clock = new ManualClock(Date.UTC(2026, 2, 16))
    await using shares = await TestShares.open({ clock })
    const opensAt = Date.UTC(2026, 2, 22)
    const early = await made(shares, { ...byLetter, discussed: false })
    expect(await shares.door.enter(early.link, { code: 'X' })).toMatchObject({ outcome: 'wrong' })
    expect(await shares.door.enter(early.link, { code: early.code })).toEqual({ outcome: 'early', opensAt })
    expect(await shares.door.opened(early.id)).toBeUndefined()
    const talkedOver = await made(shares, byLetter)
    expect(await shares.door.enter(talkedOver.link, { code: talkedOver.code })).toMatchObject({
      outcome: 'open',
    })
    const withoutReport = await made(shares, { ...byLetter, discussed: false, reports: 'none' })
    expect(await shares.door.opened(withoutReport.id)).toBeDefined()
  })

  it('waits for a report whose day was known only when it came from another hospital, and is open as long', async () => {
    const clock = new ManualClock(Date.UTC(2026, 2, 16))
    await using shares = await TestShares.open({ clock })
    shares.packages.chosen = {
      ...shared,
      studies: shared.studies.map((one) => ({ ...one, youngestReport: '' })),
    }
    shares.packages.youngestReport = '2026-03-15'
    const { id, link, code } = await made(shares, { ...byLetter, discussed: false })
    const opensAt = Date.UTC(2026, 2, 22)
    expect(await shares.door.enter(link, { code })).toEqual({ outcome: 'early', opensAt })
    expect((await shares.routes.book.find(id)).expiresAt).toBe(opensAt + 14 * dayMs)
  })

  it('takes a study of another hospital of the one that staff saw, for a new link as well', async () => {
    await using shares = await TestShares.open({ clock: new ManualClock() })
    const studies = shared.studies.map((one) => ({ ...one, local: false, holder: '90000002' }))
    shares.packages.chosen = { ...shared, studies }
    const { id } = await made(shares, byLetter)
    await shares.routes.desk.newLink(id, person)
    await shares.routes.maker.idle()
    const [first, ...later] = shares.packages.orders.map((order) => order.studies)
    expect(first).toEqual([{ studyInstanceUid: '1.2.3' }])
    const ofThatOne = [{ studyInstanceUid: '1.2.3', holder: '90000002' }]
    expect(later).toEqual([ofThatOne, ofThatOne, ofThatOne])
  })

  it('that waits for another hospital keeps no other waiting, and fails after half an hour', async () => {
    const clock = new ManualClock()
    await using shares = await TestShares.open({ clock })
    const begun = Promise.withResolvers<void>()
    const own = shares.packages.chosen
    const studies = shared.studies.map((one) => ({ ...one, local: false, holder: '90000002' }))
    shares.packages.chosen = { ...shared, studies }
    shares.packages.far = (signal) => {
      begun.resolve()
      return new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      )
    }
    const { record } = await shares.routes.creating.create(byLetter, person)
    await begun.promise
    shares.packages.chosen = own
    shares.packages.far = async () => {}
    const opened = Promise.withResolvers<void>()
    shares.messages.onTried = () => opened.resolve()
    const other = await shares.routes.creating.create(mailed, person)
    await opened.promise
    expect(await stateOf(shares, other.record.id)).toBe('open')
    expect(await stateOf(shares, record.id)).toBe('preparing')
    await clock.advance(30 * minuteMs)
    await shares.routes.maker.idle()
    expect(await shares.routes.book.find(record.id)).toMatchObject({
      state: 'failed',
      reason: 'PEER_TIMEOUT',
    })
  })

  it('that the process did not finish is failed at the next start, and nothing of it lies on the disk', async () => {
    await using shares = await TestShares.open({ clock: new ManualClock() })
    const begun = Promise.withResolvers<void>()
    const go = Promise.withResolvers<void>()
    const whole = await made(shares, byLetter)
    shares.packages.gate = async () => {
      begun.resolve()
      await go.promise
    }
    const { record } = await shares.routes.creating.create(mailed, person)
    await begun.promise
    await writeFile(join(shares.dir, 'shares', 'left.package.tmp'), 'x')
    await using after = await shares.killed()
    expect(await after.routes.book.find(record.id)).toMatchObject({
      ...{ state: 'failed', reason: 'INTERRUPTED', mail: 'failed' },
    })
    expect(await packagesOn(after)).toEqual([`${whole.id}.package`])
    expect(await after.door.enter(whole.link, { code: whole.code })).toMatchObject({ outcome: 'open' })
    go.resolve()
  })

  it('that cannot be made says why, and one that is revoked while it is made leaves nothing', async () => {
    await using shares = await TestShares.open({ clock: new ManualClock() })
    shares.packages.gate = () => Promise.reject(new TwiinError('SHARING_NOT_PERMITTED'))
    const refused = await made(shares, mailed)
    expect(await shares.routes.book.find(refused.id)).toMatchObject({
      ...{ state: 'failed', reason: 'SHARING_NOT_PERMITTED' },
    })
    const begun = Promise.withResolvers<void>()
    const go = Promise.withResolvers<void>()
    shares.packages.gate = () => (begun.resolve(), go.promise)
    const { record } = await shares.routes.creating.create(mailed, person)
    await begun.promise
    await shares.routes.desk.revoke(record.id, person)
    go.resolve()
    await shares.routes.maker.idle()
    expect(await stateOf(shares, record.id)).toBe('revoked')
    expect(await packagesOn(shares)).toEqual([])
    expect(shares.messages.mails).toEqual([])
  })

  it('that is locked is opened again by a new code, and not by the old one', async () => {
    await using shares = await TestShares.open({ clock: new ManualClock() })
    const { id, link, code } = await made(shares, byLetter)
    for (let tried = 0; tried < 5; tried++) await shares.door.enter(link, { code: 'X' })
    await shares.door.settled()
    expect(await stateOf(shares, id)).toBe('locked')
    expect(shares.over).toEqual([id])
    expect(await eventsOf(shares)).toContain('share-locked')
    const next = await shares.routes.desk.newCode(id, {}, person)
    expect(await shares.door.enter(link, { code })).toEqual({ outcome: 'wrong', left: 4 })
    expect(await shares.door.enter(link, { code: next.code ?? '' })).toMatchObject({ outcome: 'open' })
    const renewed = await shares.routes.desk.newLink(id, person)
    expect(await shares.door.enter(link, { code: next.code ?? '' })).toEqual({
      ...{ outcome: 'over', reason: 'revoked' },
    })
    expect(renewed.url).not.toContain(link)
  })

  it('with another number sends codes there, tells the old one, and staff which it is', async () => {
    await using shares = await TestShares.open({ clock: new ManualClock() })
    const { id, link } = await made(shares, mailed)
    await shares.routes.desk.newCode(id, { phone: '06 8765 4321' }, person)
    await shares.door.askCode(link)
    await shares.door.settled()
    expect(shares.messages.texts).toMatchObject([
      { to: '+31612345678', text: expect.stringContaining('ander nummer') as string },
      { to: '+31687654321' },
    ])
    const { history } = await shares.routes.book.find(id)
    expect(history.map(({ what, phoneEnd }) => [what, phoneEnd])).toEqual([
      ...[
        ['created', '78'],
        ['mailed', undefined],
        ['new-code', '21'],
      ],
    ])
    expect(await shares.door.history(id)).not.toContainEqual(expect.objectContaining({ phoneEnd: '21' }))
    await expect(shares.routes.desk.newCode(id, { phone: '12345678' }, person)).rejects.toThrow(
      'PHONE_INVALID',
    )
    const letter = await made(shares, byLetter)
    await expect(shares.routes.desk.newCode(letter.id, { phone: '0687654321' }, person)).rejects.toThrow(
      'FACTOR_HAS_NO_PHONE',
    )
    expect(await shares.door.enter(letter.link, { code: letter.code })).toMatchObject({ outcome: 'open' })
    shares.messages.failure = new TwiinError('SMS_NOT_SENT', { reason: 'connect' })
    await shares.routes.desk.newCode(id, { phone: '+32 470 12 34 56' }, person)
    expect(shares.logLines.join()).toContain('old number of a share not told')
  })

  it('that is locked stays so until its new number is written', async () => {
    await using shares = await TestShares.open({ clock: new ManualClock() })
    const { id } = await made(shares, mailed)
    const { book, tries, desk } = shares.routes
    let numberWhenUnlocked: unknown
    const renew = tries.renew.bind(tries)
    tries.renew = async (...of) => {
      numberWhenUnlocked = (await book.find(id)).factor
      return renew(...of)
    }
    await desk.newCode(id, { phone: '0687654321' }, person)
    expect(numberWhenUnlocked).toEqual({ kind: 'sms', phone: '+31687654321' })
  })

  it('has a letter for its link and one for its code, for who brings them, and no other', async () => {
    await using shares = await TestShares.open({ clock: new ManualClock() })
    const [one, other] = [await made(shares, byLetter), await made(shares, byLetter)]
    const { desk, letters } = shares.routes
    const record = await desk.forLetter(one.id, { url: one.url })
    expect((await letters.link(one.url, record)).subarray(0, 5).toString()).toBe('%PDF-')
    expect(await desk.forLetter(one.id, { code: one.code.toLowerCase() })).toEqual(record)
    for (const secret of [{ url: other.url }, { url: `${one.url}x` }, { code: other.code }, { code: 'X' }])
      await expect(desk.forLetter(one.id, secret)).rejects.toMatchObject({ code: 'SHARE_SECRET_WRONG' })
  })
})

describe('a mail', () => {
  it('that does not leave is tried for an hour, then the address is forgotten', async () => {
    const clock = new ManualClock()
    await using shares = await TestShares.open({ clock })
    shares.messages.failure = new TwiinError('MAIL_NOT_SENT', { reason: 'connect' })
    const { record } = await shares.routes.creating.create(mailed, person)
    const triedAt: number[] = []
    shares.messages.onTried = () => void triedAt.push(clock.now())
    let isIdle = false
    void shares.routes.maker.idle().then(() => (isIdle = true))
    while (!isIdle) {
      await clock.advance(minuteMs)
      // The disk gets its turn.
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await shares.routes.book.find(record.id)).toMatchObject({ state: 'open', mail: 'failed' })
    // The word that operations explain, for each try and for the end.
    const told = (message: string) => shares.logLines.find((line) => line.includes(`"${message}"`)) ?? ''
    for (const message of ['share not mailed yet', 'share not mailed'])
      expect(told(message)).toContain('"reason":"connect"')
    const [first = 0, last = 0] = [triedAt[0], triedAt.at(-1)]
    expect((last - first) / minuteMs).toBeGreaterThan(45)
    expect((last - first) / minuteMs).toBeLessThanOrEqual(60)
  })
})

describe('wrong tries', () => {
  it('are one line for each ten minutes, with how many, after a kill too', async () => {
    const clock = new ManualClock()
    await using shares = await TestShares.open({ clock })
    const { link, id } = await made(shares, byLetter)
    for (let tried = 0; tried < 3; tried++) await shares.door.enter(link, { code: 'X' })
    await shares.life.look()
    expect(await eventsOf(shares)).not.toContain('share-refused')
    await using after = await shares.killed()
    await clock.advance(10 * minuteMs)
    await after.life.look()
    await after.life.look()
    const lines = (await after.audit()).filter(({ event }) => event === 'share-refused')
    expect(lines).toMatchObject([
      { outcome: 'refused', reason: 'CODE_WRONG', requestId: id, objects: { count: 3 } },
    ])
  })
})

describe('who has the disk', () => {
  it('finds no key, and no name, address, number, link or code without the master key; nor in logs and audit', async () => {
    await using shares = await TestShares.open({ clock: new ManualClock() })
    const [one, letter] = [await made(shares, mailed), await made(shares, byLetter)]
    await shares.door.askCode(one.link)
    await shares.door.settled()
    const smsCode = shares.messages.code
    await shares.door.enter(one.link, { code: smsCode })
    await shares.door.enter(letter.link, { code: 'X' })
    await shares.door.enter(letter.link, { code: letter.code })
    shares.messages.failure = new TwiinError('MAIL_NOT_SENT', { reason: 'rejected' })
    await made(shares, mailed)
    const keys = shares.packages.keys.map((key) => Buffer.from(key))
    expect(keys).toHaveLength(3)
    const secrets = [
      ...keys.flatMap((key) => [key.toString('base64url'), key.toString('base64'), key.toString('hex')]),
      ...[one.link, letter.link, letter.code, smsCode, 'anna.jansen', '12345678'],
    ]
    const onDisk = Buffer.concat(await shares.filesOnDisk())
    const found = (text: Buffer, needles: readonly (string | Buffer)[]) =>
      needles.filter((needle) => text.includes(needle)).map(String)
    // Six digits stand in any big file by chance.
    const long = secrets.filter((secret) => secret.length > 6)
    expect(found(onDisk, [...long, ...keys, 'Jansen', '999990019'])).toEqual([])
    const inLogs = Buffer.from(shares.logLines.join('\n'))
    expect(inLogs.toString()).toContain('share made')
    expect(found(inLogs, [...secrets, 'Jansen', '999990019'])).toEqual([])
    expect(found(Buffer.from(JSON.stringify(await shares.audit())), long)).toEqual([])
  })
})
