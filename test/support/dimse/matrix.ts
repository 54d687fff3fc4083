import type { SampleInstance } from './sample-instances.ts'
import { asDcmtkWrites } from './processes.ts'
import type { WholeFile } from './whole-file.ts'
import type { Part10 } from '../part10.ts'

/** What was seen, row by row; printed at the end, and the source of the table in docs/dicom-conformance.md. */
export class Matrix {
  readonly #rows = new Map<string, Map<string, string>>()

  note(peer: string, service: string, what: string): void {
    const row = this.#rows.get(service) ?? new Map<string, string>()
    this.#rows.set(service, row.set(peer, what))
  }

  table(): string {
    const peers = [...new Set([...this.#rows.values()].flatMap((row) => [...row.keys()]))]
    const lines = [...this.#rows].map(([service, row]) => [
      service,
      ...peers.map((peer) => row.get(peer) ?? '–'),
    ])
    return [['', ...peers], ['---', ...peers.map(() => '---')], ...lines]
      .map((cells) => `| ${cells.join(' | ')} |`)
      .join('\n')
  }
}

export interface Comparison {
  /** Names of samples by what became of them. */
  identical: string[]
  /** The peer is DCMTK inside and wrote the data set anew; what it wrote is what DCMTK makes of ours. */
  rewritten: string[]
  different: string[]
  absent: string[]
}

/** What arrived of each sample. */
export async function compare(
  sent: readonly SampleInstance[],
  arrived: readonly Pick<WholeFile, 'sopInstanceUid' | 'transferSyntaxUid' | 'dataSet' | 'file'>[],
): Promise<Comparison> {
  const result: Comparison = { identical: [], rewritten: [], different: [], absent: [] }
  for (const sample of sent) {
    const found = arrived.find(({ sopInstanceUid }) => sopInstanceUid === sample.sopInstanceUid)
    const sameSyntax = found?.transferSyntaxUid === sample.transferSyntaxUid
    if (found === undefined) result.absent.push(sample.name)
    else if (sameSyntax && found.dataSet.equals(evenly(sample))) result.identical.push(sample.name)
    else if ((await asDcmtkWrites(sample.file)).equals(await asDcmtkWrites(found.file)))
      result.rewritten.push(sample.name)
    else result.different.push(`${sample.name} (${found.transferSyntaxUid})`)
  }
  return result
}

/** Several as one. */
export function together(parts: readonly Comparison[]): Comparison {
  const all = (what: keyof Comparison) => parts.flatMap((part) => part[what])
  return {
    identical: all('identical'),
    rewritten: all('rewritten'),
    different: all('different'),
    absent: all('absent'),
  }
}

/** `14 identical`, `8 identical, 6 as DCMTK rewrites them`. */
export function describeComparison({ identical, rewritten, absent }: Comparison): string {
  return [
    `${identical.length} identical`,
    ...(rewritten.length > 0 ? [`${rewritten.length} as DCMTK rewrites them`] : []),
    ...(absent.length > 0 ? [`not taken by the peer: ${absent.join(', ')}`] : []),
  ].join('; ')
}

/** PS3.5 A.5: on the wire a deflated data set of odd length has a NULL at its end. */
function evenly({ dataSet }: Part10): Buffer {
  return dataSet.length % 2 === 0 ? dataSet : Buffer.concat([dataSet, Buffer.of(0)])
}
