import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

/** log2 of N (RFC 7914). 128·N·r = 32 MiB a try: costly for who guesses, bearable for who logs in. */
export const passwordCost = 15
const maxmem = 64 * 1024 * 1024
const derive = (password: string, salt: Buffer, cost: number): Promise<Buffer> =>
  new Promise((resolve, reject) =>
    scrypt(password.normalize('NFC'), salt, 32, { N: 2 ** cost, r: 8, p: 1, maxmem }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    ),
  )
const written = (salt: Buffer, key: Buffer, cost = '') =>
  `scrypt$${cost}${salt.toString('base64')}$${key.toString('base64')}`

/** `scrypt$salt$key`, both base64; of another cost than the usual one, which tests take, `scrypt$cost$salt$key`. */
export async function hashPassword(password: string, cost: number = passwordCost): Promise<string> {
  const salt = randomBytes(16)
  return written(salt, await derive(password, salt, cost), cost === passwordCost ? '' : `${cost}$`)
}

/** A try costs what the hash was made with. */
export async function passwordMatches(password: string, stored: string): Promise<boolean> {
  const [key = '', salt = '', cost = ''] = stored.split('$').slice(1).reverse()
  const expected = Buffer.from(key, 'base64')
  const usual = !/^[1-9]\d?$/.test(cost)
  const actual = await derive(password, Buffer.from(salt, 'base64'), usual ? passwordCost : Number(cost))
  return expected.length === actual.length && timingSafeEqual(expected, actual)
}

/** A hash that nobody's password has: judging a name that does not exist takes as long as one that does. */
export const decoyPassword: string = written(randomBytes(16), randomBytes(32))
