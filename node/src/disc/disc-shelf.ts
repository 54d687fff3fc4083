import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { sourceOf } from '@twiin/media'
import type { MediaSource } from '@twiin/media'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { DiskReserve, Sealer } from '@twiin/store'
import { SealedBlobReader, SealedBlobWriter } from '@twiin/store'

/** The disk is asked again after so many bytes. */
const admissionStep = 64 * 1024 * 1024
const incoming = '.incoming'

interface Deps {
  sealer: Sealer
  reserve: DiskReserve
}

/** Discs that were sent here, each one sealed file: nothing of them ever stands in clear. */
export class DiscShelf {
  readonly #options: { dir: string; maxBytes: number }
  readonly #deps: Deps

  constructor(options: { dir: string; maxBytes: number }, deps: Deps) {
    this.#options = options
    this.#deps = deps
  }

  /** Removes what nobody knows: interrupted uploads, and discs without a record. */
  async prepare(isKnown: (id: string) => Promise<boolean>): Promise<void> {
    await mkdir(this.#options.dir, { recursive: true, mode: 0o700 })
    for (const name of await readdir(this.#options.dir))
      if (name.endsWith(incoming) || !(await isKnown(name)))
        await rm(join(this.#options.dir, name), { force: true })
  }

  /** Durable when it resolves, with how many bytes there are. Throws `BODY_TOO_LARGE`, `OUT_OF_RESOURCES`. */
  async put(id: string, body: AsyncIterable<Uint8Array>): Promise<number> {
    const path = this.#path(id)
    const { sealer, reserve } = this.#deps
    await reserve.require(admissionStep)
    const writer = await SealedBlobWriter.create(`${path}${incoming}`, blobId(id), sealer)
    let admitted = admissionStep
    try {
      for await (const chunk of body) {
        if (writer.length + chunk.length > this.#options.maxBytes) throw new TwiinError('BODY_TOO_LARGE')
        if (writer.length + chunk.length > admitted) {
          await reserve.require(chunk.length + admissionStep)
          admitted = writer.length + chunk.length + admissionStep
        }
        await writer.write(chunk)
      }
      await writer.commit(path)
      return writer.length
    } catch (error) {
      await writer.discard()
      throw error
    }
  }

  /** Throws `DISC_GONE`, `DISC_FORMAT_UNKNOWN`, `DISC_UNREADABLE`. */
  async open(id: string): Promise<MediaSource> {
    const bytes = await this.#reader(id)
    try {
      const source = await sourceOf(bytes)
      return {
        format: source.format,
        entries: (...args) => source.entries(...args),
        async [Symbol.asyncDispose]() {
          await source[Symbol.asyncDispose]()
          await bytes.close()
        },
      }
    } catch (error) {
      await bytes.close()
      throw error
    }
  }

  async remove(id: string): Promise<void> {
    await rm(this.#path(id), { force: true })
  }

  async #reader(id: string): Promise<SealedBlobReader> {
    try {
      return await SealedBlobReader.open(this.#path(id), blobId(id), this.#deps.sealer)
    } catch (error) {
      throw codeOf(error) === 'ENOENT' ? new TwiinError('DISC_GONE') : error
    }
  }

  #path(id: string): string {
    return join(this.#options.dir, id)
  }
}

const blobId = (id: string) => Buffer.from(id, 'hex')
