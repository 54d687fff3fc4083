import { readFileSync, statfsSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, tmpdir, totalmem } from 'node:os'
import { dcmtkVersion } from './dcmtk.ts'

const fileSystems: Readonly<Record<number, string>> = {
  0xef53: 'ext4',
  0x01021994: 'tmpfs',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
}

/** Where the figures come from: without it they mean nothing. */
export function environment() {
  const type = statfsSync(tmpdir()).type
  return {
    node: process.version,
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    linux: release(),
    fileSystem: fileSystems[type] ?? `0x${type.toString(16)}`,
    congestion: readFileSync('/proc/sys/net/ipv4/tcp_congestion_control', 'utf8').trim(),
    dcmtk: dcmtkVersion(),
    load: loadavg()[0] ?? NaN,
  }
}

export function describeEnvironment(at: ReturnType<typeof environment>): string {
  return [
    `Node ${at.node}, ${at.cores} cores (${at.cpu}), ${at.memoryGiB} GiB, Linux ${at.linux}, ${at.fileSystem}, loopback`,
    `${at.dcmtk}; load ${at.load.toFixed(2)} at the start; ours always: fsync before every acknowledgement, TCP_NODELAY`,
  ].join('\n')
}
