import { execFile, execFileSync, spawn } from 'node:child_process'
import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Makes an ext4 file system in the file $1, of $2 MiB, and mounts it on $3. */
const makeAndMount = 'truncate -s "$2M" "$1"; /sbin/mkfs.ext4 -qF -m 0 "$1"; mount -o loop "$1" "$3"'

/** EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH (linux/ext4.h): what was not flushed never will be. */
const shutDown =
  'open my $disk, "<", $ARGV[0] or die $!; my $how = pack "L", 2; ioctl($disk, 0x8004587D, $how) or die $!'

/** For the name of a test that is skipped; empty when private disks can be made. */
export const privateDiskMissing = canMake()
  ? ''
  : ' (skipped: needs root, loop devices, and unshare, nsenter, mkfs.ext4 and perl)'

function canMake(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'twiin-can-mount-'))
  try {
    const script = `nsenter --version; mkdir "$3"; ${makeAndMount}; perl -e '${shutDown}' "$3"`
    const files = [join(folder, 'image'), '8', join(folder, 'mounted')]
    const command = ['-m', '--propagation', 'private', 'sh', '-euc', script, 'sh', ...files]
    execFileSync('unshare', command, { stdio: 'ignore' })
    return true
  } catch {
    return false
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * A disk (ext4 in a file) that only processes started through it can see: it is mounted in a mount namespace of its own,
 * held by a process that ends with this one. So nothing stays mounted, however the test ends.
 */
export class PrivateDisk implements AsyncDisposable {
  readonly #folder: string
  readonly #mountPoint: string
  readonly #anchor: ChildProcess

  private constructor(folder: string, mountPoint: string, anchor: ChildProcess) {
    this.#folder = folder
    this.#mountPoint = mountPoint
    this.#anchor = anchor
  }

  /** A new, empty disk on an existing folder. It takes room as it fills. */
  static async create(options: { mountPoint: string; mebibytes: number }): Promise<PrivateDisk> {
    const folder = await mkdtemp(join(tmpdir(), 'twiin-disk-'))
    // It waits for the end of its input, which comes with the end of this process too, and tidies up.
    const script = `${makeAndMount}; echo mounted; cat; umount -l "$3"; rm -rf "$4"`
    const files = [join(folder, 'image'), String(options.mebibytes), options.mountPoint, folder]
    const command = ['-m', '--propagation', 'private', 'sh', '-euc', script, 'sh', ...files]
    const anchor = spawn('unshare', command, { stdio: ['pipe', 'pipe', 'ignore'] })
    const disk = new PrivateDisk(folder, options.mountPoint, anchor)
    const first = await Promise.race([once(anchor.stdout, 'data'), once(anchor, 'exit')])
    if (String(first[0]).trim() === 'mounted') return disk
    await disk[Symbol.asyncDispose]()
    throw new Error('no disk could be made')
  }

  /** The disk's root as this process, which is outside, can reach it. A file kept open there forbids a remount. */
  get root(): string {
    return `/proc/${this.#anchor.pid}/root${this.#mountPoint}`
  }

  /** Starts a process that sees the disk; its pid is the program's own. Its working directory is `/`. */
  spawn(program: string, args: readonly string[], options: SpawnOptions): ChildProcess {
    return spawn('nsenter', ['-t', String(this.#anchor.pid), '-m', '--', program, ...args], options)
  }

  /** What the program printed. Throws when it fails, or takes more than two minutes. */
  async run(program: string, args: readonly string[]): Promise<string> {
    const command = ['-t', String(this.#anchor.pid), '-m', '--', program, ...args]
    return (
      await run('nsenter', command, { maxBuffer: 64 * 1024 ** 2, timeout: 120_000, killSignal: 'SIGKILL' })
    ).stdout
  }

  /** From here on nothing reaches the disk: reads and writes answer EIO until `powerOn`. */
  async cutPower(): Promise<void> {
    await this.run('perl', ['-e', shutDown, this.#mountPoint])
  }

  /** Mounts what is on the disk. Whoever used it must be gone. */
  async powerOn(): Promise<void> {
    await this.run('umount', [this.#mountPoint])
    await this.run('mount', ['-o', 'loop', join(this.#folder, 'image'), this.#mountPoint])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#anchor.exitCode === null && this.#anchor.signalCode === null) {
      const gone = once(this.#anchor, 'exit')
      this.#anchor.stdin?.end()
      await gone
    }
    await rm(this.#folder, { recursive: true, force: true })
  }
}
