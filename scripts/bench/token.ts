import { ristretto255_oprf } from '@noble/curves/ed25519.js'
import { KeeperKey, TokenClient, TokenKeeper, parseBsn, passesElevenTest } from '@twiin/patient-token'
import type { Bsn, EvaluationRequest } from '@twiin/patient-token'
import { systemClock } from '@twiin/runtime'
import type { BenchOptions } from './benchmark.ts'
import { interleave } from './compare.ts'
import type { Comparison, Contestant, Run } from './compare.ts'

const batch = 1024
const peerBatch = 128

/** From BSN to patient token: what the hospital's node computes, and what a keeper does. One keeper, no network. */
export async function benchToken({ mostRounds, signal, budgetMs }: BenchOptions): Promise<Comparison[]> {
  return [
    {
      title: 'token: VOPRF ristretto255-SHA512 with a proof for each batch, one thread',
      unit: 'patients',
      rows: await interleave([ours(), noble()], { rounds: Math.min(mostRounds, 9), budgetMs, signal }),
      conditions: [
        `ours: TokenClient and TokenKeeper on libsodium (WebAssembly), batches of ${batch}; quota and record in memory`,
        `@noble/curves ristretto255_oprf, batches of ${peerBatch}: the reference, in JavaScript, not constant time`,
        'client: blind, verify, unblind; keeper: check, evaluate, prove',
      ],
    },
  ]
}

function ours(): Contestant {
  const key = KeeperKey.generate()
  const keeper = new TokenKeeper(
    { epoch: 1, nodeQuota: () => Infinity, userQuota: Infinity },
    { key, clock: systemClock, counters: { add: async () => undefined }, record: async () => {} },
  )
  const caller = { ura: '90000001', peerId: 'bench' }
  let atKeeper = 0
  const evaluate = async (request: EvaluationRequest) => {
    const used = cpuWatch()
    const answer = await keeper.evaluate(caller, request)
    atKeeper += used()
    return answer
  }
  const peers = [{ index: 1, publicKey: key.publicKey, evaluate }]
  const keepers = { epoch: 1, threshold: 1, publicKey: key.publicKey, keepers: peers }
  const client = new TokenClient({ batch }, { keepers: () => keepers })
  return {
    rows: ['ours (libsodium)'],
    run: async (round) => {
      const bsns = bsnsOf(round)
      atKeeper = 0
      const used = cpuWatch()
      const began = performance.now()
      await client.tokens(bsns, 'publish')
      return [runOf(bsns.length, began, { all: used(), keeper: atKeeper })]
    },
  }
}

function noble(): Contestant {
  const { voprf } = ristretto255_oprf
  const { secretKey, publicKey } = voprf.generateKeyPair()
  return {
    rows: ['@noble/curves'],
    run: async (round) => {
      const inputs = bsnsOf(round)
        .slice(0, peerBatch)
        .map((bsn) => new Uint8Array(Buffer.from(bsn)))
      const used = cpuWatch()
      const began = performance.now()
      const secrets = inputs.map((input) => ({ input, ...voprf.blind(input) }))
      const atKeeper = cpuWatch()
      const blinded = secrets.map((secret) => secret.blinded)
      const { evaluated, proof } = voprf.blindEvaluateBatch(secretKey, publicKey, blinded)
      const keeper = atKeeper()
      const items = secrets.map((secret, i) => ({ ...secret, evaluated: evaluated[i] ?? secret.blinded }))
      voprf.finalizeBatch(items, publicKey, proof)
      return [runOf(inputs.length, began, { all: used(), keeper })]
    },
  }
}

function runOf(amount: number, began: number, { all, keeper }: { all: number; keeper: number }): Run {
  return { amount, seconds: (performance.now() - began) / 1000, cpu: { client: all - keeper, keeper } }
}

/** CPU seconds of this process since the call. */
function cpuWatch(): () => number {
  const before = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1e6
  }
}

/** Numbers that pass the eleven test, others in each round. */
function bsnsOf(round: number): Bsn[] {
  const bsns: Bsn[] = []
  for (let number = 100_000_000 + round * 20_000; bsns.length < batch; number++)
    if (passesElevenTest(String(number))) bsns.push(parseBsn(String(number)))
  return bsns
}
