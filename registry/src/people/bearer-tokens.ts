import { createHash, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { TwiinError } from '@twiin/runtime'
import type { Staff } from './staff.ts'

const shortestToken = 20

/** Files with one token each, or the tokens themselves. */
interface Two {
  readonly administrator: string
  readonly approver: string
}

/** The two people who are also known by a bearer token, for scripts and the command line. */
export class BearerTokens {
  readonly #digests: readonly (readonly [Staff, Buffer])[]

  constructor(tokens: Two) {
    if (tokens.administrator === tokens.approver) throw new TwiinError('TOKENS_EQUAL')
    this.#digests = (['administrator', 'approver'] as const).map((id) => {
      if (tokens[id].length < shortestToken)
        throw new TwiinError('TOKEN_TOO_SHORT', { person: id, atLeast: shortestToken })
      // An account by that id is the same person.
      return [{ id, name: id, role: 'administrator' }, sha256(tokens[id])]
    })
  }

  static async read(files: Two): Promise<BearerTokens> {
    const read = async (file: string) => (await readFile(file, 'utf8')).trim()
    return new BearerTokens({
      administrator: await read(files.administrator),
      approver: await read(files.approver),
    })
  }

  /** Compares digests, all of them, in constant time: the answer's delay says nothing about a token. */
  personOf(token: string): Staff | undefined {
    const presented = sha256(token)
    return this.#digests.filter(([, digest]) => timingSafeEqual(digest, presented))[0]?.[0]
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
