/**
 * HL7 v2 without a hospital: messages, their acknowledgements, and MLLP both ways (spec 15). It keeps nothing: the
 * receiver is told of a message before it is acknowledged, and the acknowledgement is what the receiver says.
 */
export { characterSetNamed, characterSets } from './character-set.ts'
export type { CharacterSet } from './character-set.ts'
export { escapeText } from './delimiters.ts'
export { Hl7Message, readHeader, readMessage } from './message.ts'
export type { MessageHeader, ReadOptions } from './message.ts'
export type { Repetition, Segment } from './segment.ts'
export { acknowledge, hl7Errors, isHl7ErrorCode, readAcknowledgement } from './acknowledge.ts'
export type { AckCode, AckError, Acknowledgement, Hl7ErrorCode } from './acknowledge.ts'
export { writeMessage } from './write-message.ts'
export type { ComponentValue, FieldValue, NewHeader, SegmentValue } from './write-message.ts'
export { MllpServer } from './mllp-server.ts'
export type { MllpConnection, MllpReceiver, MllpServerOptions } from './mllp-server.ts'
export { MllpClient } from './mllp-client.ts'
export type { MllpClientOptions } from './mllp-client.ts'
export { mllpLimits, mllpTimeouts } from './limits.ts'
export type { MllpLimits, MllpTimeouts } from './limits.ts'
