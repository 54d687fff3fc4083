import type { Bucket } from '@twiin/protocol'

export declare function bucketOf(loc: Uint8Array, epoch: number, bits: number): Bucket
/** The `replicas` members closest to a bucket, closest first. Spec 03 §4. */
export declare function replicasOf(bucket: Bucket, members: readonly string[], replicas: number): string[]
