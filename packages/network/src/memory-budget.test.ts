import { describe, expect, it } from 'vitest'
import { MemoryBudget } from './memory-budget.ts'

describe('the memory budget', () => {
  it('is never exceeded and serves in the order of asking, so that a large wish is not overtaken', async () => {
    const budget = new MemoryBudget({ bytes: 10 })
    const first = await budget.acquire(8)
    const granted: string[] = []
    const large = budget.acquire(9).then((lease) => (granted.push('large'), lease))
    const small = budget.acquire(1).then((lease) => (granted.push('small'), lease))
    await Promise.resolve()
    expect(budget.used).toBe(8)
    first.release()
    first.release()
    await Promise.all([large, small])
    expect(granted).toEqual(['large', 'small'])
    expect(budget.used).toBe(10)
    ;(await large)[Symbol.dispose]()
    expect(budget.used).toBe(1)
  })

  it('forgets a waiter that gave up, and lets the next one in', async () => {
    const budget = new MemoryBudget({ bytes: 10 })
    using _held = await budget.acquire(8)
    const impatient = new AbortController()
    const large = budget.acquire(5, impatient.signal)
    const small = budget.acquire(2)
    impatient.abort(new Error('enough'))
    await expect(large).rejects.toThrow('enough')
    expect((await small).bytes).toBe(2)
    await expect(budget.acquire(1, impatient.signal)).rejects.toThrow('enough')
    expect(budget.used).toBe(10)
  })

  it('refuses what can never be granted', async () => {
    await expect(new MemoryBudget({ bytes: 10 }).acquire(11)).rejects.toThrow('BUDGET_EXCEEDED')
  })
})
