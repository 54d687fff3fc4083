import { items, numbers, text } from './dicom-json.ts'
import type { DataSet } from './dicom-json.ts'
import type { ViewedInstance } from './image-facts.ts'

/** Key Object Selection Document Storage (PS3.4 annex B.5). */
const keyObject = '1.2.840.10008.5.1.4.1.1.88.59'
/** Titles that take back, or only list (PS3.16 CID 7010 and 7011): nobody calls these images important. */
const notImportant = ['113001', '113037', '113038', '113039', '113030', '113031']

/** As many frames as an instance can have here; who marks more marks nothing. */
const mostMarked = 20_000
/** Documents are looked at again whenever something came: each is read once. */
const read = new WeakMap<DataSet, readonly string[]>()

/** Frames that somebody marked: their keys, with the title under which that was done. */
export function keyImagesOf(instances: Iterable<ViewedInstance>): Map<string, string> {
  const marked = new Map<string, string>()
  for (const { sopClassUid, dataSet } of instances) {
    if (sopClassUid !== keyObject) continue
    const [title = {}] = items(dataSet, '0040A043')
    if (notImportant.includes(text(title, '00080100'))) continue
    for (const key of imagesIn(dataSet)) {
      if (marked.size >= mostMarked) return marked
      marked.set(key, text(title, '00080104'))
    }
  }
  return marked
}

function imagesIn(dataSet: DataSet): readonly string[] {
  const known = read.get(dataSet)
  if (known !== undefined) return known
  const found = items(dataSet, '0040A730')
    .filter((item) => text(item, '0040A040') === 'IMAGE')
    .flatMap((item) => items(item, '00081199'))
    .flatMap((reference) => {
      const uid = text(reference, '00081155')
      const frames = numbers(reference, '00081160').slice(0, mostMarked)
      return (frames.length === 0 ? [1] : frames).map((frame) => `${uid}#${frame}`)
    })
    .slice(0, mostMarked)
  read.set(dataSet, found)
  return found
}
