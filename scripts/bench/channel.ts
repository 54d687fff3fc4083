import type { BenchOptions } from './benchmark.ts'
import type { ChannelLine, Load } from './channel-end.ts'
import { interleave } from './compare.ts'
import type { Comparison, Contestant } from './compare.ts'
import { FarEnd } from './far-end.ts'
import { watchUsage } from './process-usage.ts'
import type { TlsLine } from './tls-line.ts'

const KiB = 1024

/** Memory to memory between two processes: what Noise, yamux and framing cost beside Node's own TLS. */
export async function benchChannel({ mostRounds, signal, budgetMs }: BenchOptions): Promise<Comparison[]> {
  await using sender = new FarEnd('channel-end.ts')
  await using receiver = new FarEnd('channel-end.ts')
  const lines = await receiver.ask<{ channel: ChannelLine; tls: TlsLine }>('listen')
  const contestant = (name: string, command: string, line: object, load: Load): Contestant => ({
    rows: [name],
    run: async () => {
      const usage = watchUsage({ sender: sender.pid, receiver: receiver.pid })
      const seconds = await sender.ask<number>(command, { line, load })
      return [{ seconds, amount: load.bytes, ...usage() }]
    },
  })
  const large: Load = { bytes: 256 * KiB * KiB, frameBytes: 256 * KiB }
  const small: Load = { ...large, frameBytes: 64 * KiB }
  const contestants = [
    contestant('channel, frames of 256 KiB', 'overChannel', lines.channel, large),
    contestant('channel, frames of 64 KiB', 'overChannel', lines.channel, small),
    contestant('node:tls, writes of 256 KiB', 'overTls', lines.tls, large),
  ]
  return [
    {
      title: 'channel: 256 MiB, memory to memory, two processes, loopback',
      unit: 'B',
      rows: await interleave(contestants, { rounds: Math.min(mostRounds, 7), budgetMs, signal }),
      conditions: [
        'Noise (ChaCha20-Poly1305, the only suite libp2p has), certificate exchange, yamux, frames; one stream, one connection',
        'node:tls: TLS 1.3, AES-128-GCM in OpenSSL; the receiver counts and drops',
      ],
    },
  ]
}
