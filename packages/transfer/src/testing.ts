/** Both ends of a transfer without a network and without a disk. */
export { channelPair } from './testing/memory-channel.ts'
export type { ChannelFaults, ChannelPair } from './testing/memory-channel.ts'
export { MemoryReceivingStudy, MemoryStudySource } from './testing/memory-study.ts'
