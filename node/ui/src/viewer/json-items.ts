/** Of one instance: far more than a data set without its large values takes. */
const longestItem = 32 * 1024 * 1024

/**
 * The objects of a JSON array as they come, before the array ends: the first image of a study that is on its way is shown
 * long before the last one is here. Throws SyntaxError for what is no array of objects or breaks off.
 */
export async function* jsonItems(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  const decoder = new TextDecoder()
  const cutter = new ItemCutter()
  for await (const chunk of chunks)
    for (const item of cutter.push(decoder.decode(chunk, { stream: true }))) yield JSON.parse(item)
  if (!cutter.isDone) throw new SyntaxError('the list broke off')
}

/** Cuts `[{…},{…}]` into its objects by counting braces outside strings. */
class ItemCutter {
  isDone = false
  #depth = 0
  #inString = false
  #escaped = false
  #hasBegun = false
  /** The item so far, without the piece at hand. */
  #pieces: string[] = []
  #length = 0

  push(piece: string): string[] {
    const found: string[] = []
    let start = this.#depth > 0 ? 0 : -1
    for (let i = 0; i < piece.length; i++) {
      const char = piece[i] ?? ''
      if (this.#inString) this.#inText(char)
      else if (this.#depth === 0) {
        if (this.#between(char)) start = i
      } else if (char === '"') this.#inString = true
      else if (char === '{' || char === '[') this.#depth++
      else if ((char === '}' || char === ']') && --this.#depth === 0) {
        found.push([...this.#pieces, piece.slice(start, i + 1)].join(''))
        this.#pieces = []
        this.#length = 0
        start = -1
      }
    }
    if (start >= 0) this.#keep(piece.slice(start))
    return found
  }

  #inText(char: string): void {
    if (this.#escaped) this.#escaped = false
    else if (char === '\\') this.#escaped = true
    else if (char === '"') this.#inString = false
  }

  /** True where an item begins. */
  #between(char: string): boolean {
    if (/[\s,]/.test(char)) return false
    if (char === '[' && !this.#hasBegun) this.#hasBegun = true
    else if (char === ']' && this.#hasBegun && !this.isDone) this.isDone = true
    else if (char === '{' && this.#hasBegun && !this.isDone) {
      this.#depth = 1
      return true
    } else throw new SyntaxError('not a list of objects')
    return false
  }

  #keep(rest: string): void {
    this.#pieces.push(rest)
    this.#length += rest.length
    if (this.#length > longestItem) throw new SyntaxError('an item without end')
  }
}
