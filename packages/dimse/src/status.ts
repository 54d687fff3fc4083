import { codeOf } from '@twiin/runtime'

/** A DIMSE status, 0x0000–0xffff (PS3.7 annex C, PS3.4 table B.2-1). */
export type StoreStatus = number

export const dimseStatus = {
  success: 0x0000,
  processingFailure: 0x0110,
  noSuchInstance: 0x0112,
  noSuchEvent: 0x0113,
  invalidArgument: 0x0115,
  invalidInstance: 0x0117,
  classNotSupported: 0x0122,
  noSuchAction: 0x0123,
  notAuthorised: 0x0124,
  duplicateInvocation: 0x0210,
  unrecognisedOperation: 0x0211,
  mistypedArgument: 0x0212,
  resourceLimitation: 0x0213,
  outOfResources: 0xa700,
  unableToPerformSubOperations: 0xa702,
  moveDestinationUnknown: 0xa801,
  dataSetMismatch: 0xa900,
  cannotUnderstand: 0xc000,
  subOperationsWithFailures: 0xb000,
  cancelled: 0xfe00,
  pending: 0xff00,
} as const

/** Stored, though with a remark: Success and the warnings of PS3.4 table B.2-1 (and 0x0001, 0x0107, 0x0116 of PS3.7). */
export function isStored(status: StoreStatus): boolean {
  return status === dimseStatus.success || (status & 0xf000) === 0xb000 || warnings.has(status)
}
const warnings = new Set([0x0001, 0x0107, 0x0116])

/** What the sender is told when a sink failed: A700 makes it try later, 0110 says that we failed. */
export function storeStatusOf(error: unknown): StoreStatus {
  return spaceErrors.has(codeOf(error)) ? dimseStatus.outOfResources : dimseStatus.processingFailure
}
const spaceErrors = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'ENOMEM', 'OUT_OF_RESOURCES'])
