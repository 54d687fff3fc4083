import { expect, it } from 'vitest'
import { GroupCommit } from './group-commit.ts'
import type { WriteOp } from './group-commit.ts'

const put = (key: string): WriteOp => ({ type: 'put', key, value: Buffer.from(key) })

/** A disk whose writes end when told to. */
function slowDisk() {
  const writes: { keys: string[]; done: () => void; fail: (error: Error) => void }[] = []
  const write = (ops: WriteOp[]) =>
    new Promise<void>((done, fail) => writes.push({ keys: ops.map((op) => op.key), done, fail }))
  return { writes, write }
}
const settled = () => new Promise((resolve) => setImmediate(resolve))

it('writes what waits as one group, in order, and nobody hears before his group is on disk', async () => {
  const disk = slowDisk()
  const commits = new GroupCommit(disk.write)
  const heard: string[] = []
  for (const key of ['a', 'b', 'c']) void commits.add([put(key), put(`${key}2`)]).then(() => heard.push(key))
  void commits.add([]).then(() => heard.push('barrier'))
  await settled()
  expect(disk.writes.map((write) => write.keys)).toEqual([['a', 'a2']])
  expect(heard).toEqual([])
  disk.writes[0]?.done()
  await settled()
  expect(disk.writes[1]?.keys).toEqual(['b', 'b2', 'c', 'c2'])
  expect(heard).toEqual(['a'])
  disk.writes[1]?.done()
  await settled()
  expect(heard).toEqual(['a', 'b', 'c', 'barrier'])
})

it('never splits one caller over two writes, however much he brings', async () => {
  const disk = slowDisk()
  const commits = new GroupCommit(disk.write)
  const many = (name: string) => Array.from({ length: 3000 }, (_, i) => put(`${name}${i}`))
  const all = Promise.all([commits.add([put('first')]), commits.add(many('a')), commits.add(many('b'))])
  for (let i = 0; i < 3; i++) {
    disk.writes[i]?.done()
    await settled()
  }
  await all
  expect(disk.writes.map((write) => write.keys.length)).toEqual([1, 3000, 3000])
})

it('a failed write fails all behind it, for they may rest on it; later ones are taken again', async () => {
  const disk = slowDisk()
  const commits = new GroupCommit(disk.write)
  const before = commits.generation
  const first = commits.add([put('a')])
  const second = commits.add([put('b')])
  expect(commits.onItsWay('b')).toBeDefined()
  disk.writes[0]?.fail(new Error('disk'))
  await expect(first).rejects.toThrow('disk')
  await expect(second).rejects.toThrow('disk')
  expect(commits.onItsWay('b')).toBeUndefined()
  await expect(commits.add([put('c')], before)).rejects.toMatchObject({ code: 'WRITE_INTERRUPTED' })
  const later = commits.add([put('d')])
  disk.writes[1]?.done()
  await later
  expect(disk.writes.map((write) => write.keys)).toEqual([['a'], ['d']])
})
