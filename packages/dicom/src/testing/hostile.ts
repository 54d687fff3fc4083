import { constants, deflateRawSync } from 'node:zlib'
import { encodeElement, encodeHeader } from '../element-encoding.ts'
import { explicitLittleEndian, undefinedLength } from '../element-header.ts'
import { tags } from '../tags.ts'
import { transferSyntax } from '../transfer-syntax.ts'

export interface HostileDataSet {
  name: string
  transferSyntaxUid: string
  dataSet: Buffer
}

const sequenceTag = 0x0008_1140
const header = (tag: number, vr: string, length: number) =>
  encodeHeader(tag, vr, length, explicitLittleEndian)
const openSequence = header(sequenceTag, 'SQ', undefinedLength)
const openItem = header(tags.item, '', undefinedLength)
const emptyItem = header(tags.item, '', 0)
const closeItem = header(tags.itemDelimitation, '', 0)
const closeSequence = header(tags.sequenceDelimitation, '', 0)

/** Data sets made to exhaust or mislead whoever reads them. None holds an instance. */
export function hostileDataSets(): HostileDataSet[] {
  const explicit = (name: string, dataSet: Buffer) => ({
    name,
    transferSyntaxUid: transferSyntax.explicitLittleEndian,
    dataSet,
  })
  return [
    explicit('nothing at all', Buffer.alloc(0)),
    explicit('no DICOM', Buffer.from('GET / HTTP/1.1\r\nHost: example.org\r\n\r\n')),
    explicit('zero bytes', Buffer.alloc(100_000)),
    ...[100, 2000, 100_000].map((depth) => explicit(`sequences ${depth} deep`, nested(depth))),
    explicit(
      '8 MB of empty items',
      Buffer.concat([openSequence, Buffer.alloc(8_000_000, emptyItem), closeSequence]),
    ),
    explicit('a value of 4 GB', Buffer.concat([header(0x0008_0102, 'OB', 0xffff_fff0), Buffer.alloc(64)])),
    explicit('a sequence of 4 GB', Buffer.concat([header(sequenceTag, 'SQ', 0xffff_fff0), Buffer.alloc(64)])),
    explicit(
      'text that is cut off',
      encodeElement(tags.patientName, 'PN', 'Jansen^Jan', explicitLittleEndian).subarray(0, 12),
    ),
    explicit(
      'fragments without end',
      Buffer.concat([header(tags.pixelData, 'OB', undefinedLength), emptyItem]),
    ),
    explicit('two patient IDs', twice(tags.patientId)),
    {
      name: 'a deflate bomb',
      transferSyntaxUid: transferSyntax.deflatedExplicitLittleEndian,
      dataSet: deflateBomb(header(0x0008_0102, 'OB', 600 * 1024 * 1024), 600, Buffer.alloc(1)),
    },
    {
      name: 'a deflate bomb of small elements',
      transferSyntaxUid: transferSyntax.deflatedExplicitLittleEndian,
      dataSet: deflateBomb(Buffer.alloc(0), 96, header(0x0008_0102, 'CS', 0)),
    },
    {
      name: 'a deflated sequence of empty items',
      transferSyntaxUid: transferSyntax.deflatedExplicitLittleEndian,
      dataSet: deflateBomb(openSequence, 48, emptyItem),
    },
    {
      name: 'deflated noise',
      transferSyntaxUid: transferSyntax.deflatedExplicitLittleEndian,
      dataSet: Buffer.alloc(5000, 'this is not deflate'),
    },
  ]
}

/** So many MiB of one thing in a thousandth of the bytes, made from one deflated block over and over. */
function deflateBomb(start: Buffer, mebibytes: number, content: Buffer): Buffer {
  const block = (bytes: Buffer) => deflateRawSync(bytes, { finishFlush: constants.Z_FULL_FLUSH })
  const filling = block(Buffer.alloc(1024 * 1024, content))
  return Buffer.concat([
    block(start),
    ...Array.from({ length: mebibytes }, () => filling),
    deflateRawSync(''),
  ])
}

function nested(depth: number): Buffer {
  const open = Buffer.concat([openSequence, openItem])
  const close = Buffer.concat([closeItem, closeSequence])
  return Buffer.concat([Buffer.alloc(depth * open.length, open), Buffer.alloc(depth * close.length, close)])
}

function twice(tag: number): Buffer {
  return Buffer.concat(['1', '2'].map((id) => encodeElement(tag, 'LO', id, explicitLittleEndian)))
}
