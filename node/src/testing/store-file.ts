import { readPart10Meta } from '@twiin/dicom'
import { openAssociation } from '@twiin/dimse'
import { silentLogger } from '@twiin/runtime'
import type { TestHospital } from './test-hospital.ts'

export interface StoredFile {
  sopInstanceUid: string
  sopClassUid: string
  transferSyntaxUid: string
  dataSet: Buffer
  status: number
}

/** A modality stores one DICOM file here, over an association of its own, its data set exactly as it stands. */
export async function storeFile(hospital: TestHospital, file: Buffer): Promise<StoredFile> {
  const { dataSetOffset, ...meta } = readPart10Meta(file)
  const dataSet = file.subarray(dataSetOffset)
  const { port } = hospital.exchange.dimse.address()
  const contexts = [{ abstractSyntax: meta.sopClassUid, transferSyntaxes: [meta.transferSyntaxUid] }]
  const association = await openAssociation(
    { host: '127.0.0.1', port, callingAe: 'CT1', calledAe: 'TWIIN', contexts },
    { log: silentLogger },
  )
  const { status } = await association.store({
    ...meta,
    dataSet: async function* () {
      yield dataSet
    },
  })
  await association.release()
  return { ...meta, dataSet, status }
}
