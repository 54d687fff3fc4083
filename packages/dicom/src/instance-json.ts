import type { ByteSource } from './byte-source.ts'
import { vrAt } from './attribute-vr.ts'
import { keyOf } from './attributes.ts'
import { decodeText, parseCharacterSets } from './character-set.ts'
import { readTree } from './data-set-tree.ts'
import type { Tree, TreeElement } from './data-set-tree.ts'
import type { Encoding } from './element-header.ts'
import type { JsonAttribute, JsonDataSet } from './dicom-json.ts'
import { jsonValue } from './json-value.ts'
import { tags } from './tags.ts'
import { unreadable } from './unreadable.ts'

/** Longer values are left out, and a URI says where they can be had. */
const longestInline = { binary: 4096, text: 64 * 1024 }
/** Of all values of one instance: a limit for those made to exhaust us. */
const mostInlineBytes = 16 * 1024 * 1024

const pixelRepresentation = 0x0028_0103

/**
 * A whole instance in DICOM JSON, without its large values. `bulkDataUri` gets the path of a value: tags in eight hex
 * digits, and numbers of items from 0 (`00400555.0.00420011`). Throws `DICOM_UNREADABLE`.
 */
export async function instanceJson(
  source: ByteSource,
  encoding: Encoding,
  deps: { bulkDataUri: (path: string) => string },
): Promise<JsonDataSet> {
  const tree = await readTree(source, encoding)
  return new InstanceJson(source, deps.bulkDataUri).of(tree, '', { characterSets: [''], isSigned: false })
}

interface Surroundings {
  characterSets: readonly string[]
  isSigned: boolean
}

class InstanceJson {
  readonly #source: ByteSource
  readonly #bulkDataUri: (path: string) => string
  #inline = 0

  constructor(source: ByteSource, bulkDataUri: (path: string) => string) {
    this.#source = source
    this.#bulkDataUri = bulkDataUri
  }

  async of(tree: Tree, path: string, around: Surroundings): Promise<JsonDataSet> {
    const here = await this.#surroundings(tree, around)
    const json: JsonDataSet = {}
    for (const element of [...tree.values()].sort((a, b) => a.tag - b.tag)) {
      // Group lengths say nothing of the data set, and file meta information is not part of it.
      if ((element.tag & 0xffff) === 0 || element.tag >>> 16 <= 2) continue
      const key = keyOf(element.tag)
      json[key] = await this.#attribute(element, `${path}${key}`, here)
    }
    return json
  }

  async #attribute(element: TreeElement, path: string, around: Surroundings): Promise<JsonAttribute> {
    const vr = vrAt(element, around.isSigned)
    // PS3.18 F.2.2: the JSON is UTF-8, whatever the data set was.
    if (element.tag === tags.specificCharacterSet) return { vr: 'CS', Value: ['ISO_IR 192'] }
    if (element.items !== undefined) {
      const items: JsonDataSet[] = []
      for (const [i, item] of element.items.entries())
        items.push(await this.of(item, `${path}.${i}.`, around))
      return items.length === 0 ? { vr } : { vr, Value: items }
    }
    if (element.length === 0) return { vr }
    const limit = /^O|^UN/.test(vr) ? longestInline.binary : longestInline.text
    if (element.isEncapsulated || element.length > limit || vr === 'SQ')
      return { vr, BulkDataURI: this.#bulkDataUri(path) }
    this.#inline += element.length
    if (this.#inline > mostInlineBytes) throw unreadable('too many values')
    const bytes = await this.#source.read(element.offset, element.length)
    const isLittle = element.encoding.littleEndian
    return {
      vr,
      ...jsonValue(vr, bytes, isLittle, (text, kind) => decodeText(text, around.characterSets, kind)),
    }
  }

  async #surroundings(tree: Tree, around: Surroundings): Promise<Surroundings> {
    const sets = await this.#short(tree.get(tags.specificCharacterSet))
    const sign = tree.get(pixelRepresentation)
    const signBytes = await this.#short(sign)
    return {
      characterSets: sets === undefined ? around.characterSets : parseCharacterSets(sets),
      isSigned: signBytes === undefined ? around.isSigned : signBytes.includes(1),
    }
  }

  async #short(element: TreeElement | undefined): Promise<Uint8Array | undefined> {
    if (element === undefined || element.length > 1024) return undefined
    return this.#source.read(element.offset, element.length)
  }
}

/**
 * The element at a path of `bulkDataUri`, and its VR; undefined when there is none. Throws `DICOM_UNREADABLE`.
 */
export async function elementAt(
  source: ByteSource,
  encoding: Encoding,
  path: string,
): Promise<{ element: TreeElement; vr: string } | undefined> {
  if (path.length > 512) return undefined
  let tree: Tree | undefined = await readTree(source, encoding)
  const steps = path.split('.')
  for (let i = 0; i < steps.length; i += 2) {
    const tag = /^[0-9A-Fa-f]{8}$/.test(steps[i] ?? '') ? Number.parseInt(steps[i] ?? '', 16) : undefined
    const element: TreeElement | undefined = tag === undefined ? undefined : tree?.get(tag)
    if (element === undefined) return undefined
    if (i === steps.length - 1) return { element, vr: vrAt(element, false) }
    tree = /^\d{1,6}$/.test(steps[i + 1] ?? '') ? element.items?.[Number(steps[i + 1])] : undefined
  }
  return undefined
}
