import { frameType, limits, pieceHeaderBytes, transferControl } from '@twiin/protocol'
import type { TransferControl } from '@twiin/protocol'
import { TwiinError } from '@twiin/runtime'

/** Frames of spec 05 §1: one type byte, then a control message (CBOR) or a piece of a data set. */

export interface Piece {
  /** Place of the instance in the manifest. */
  readonly index: number
  /** Of the first byte within the data set. */
  readonly offset: number
  readonly bytes: Uint8Array
}
export type Frame = { kind: 'control'; control: TransferControl } | { kind: 'piece'; piece: Piece }

export function controlFrame(control: TransferControl): Uint8Array[] {
  return [Uint8Array.of(frameType.control), transferControl.encode(control)]
}

export function pieceFrame({ index, offset, bytes }: Piece): Uint8Array[] {
  const header = new Uint8Array(pieceHeaderBytes)
  const view = new DataView(header.buffer)
  view.setUint8(0, frameType.piece)
  view.setUint32(1, index)
  view.setBigUint64(5, BigInt(offset))
  return [header, bytes]
}

/** @throws TwiinError FRAME_INVALID for whatever is no frame */
export function decodeFrame(frame: Uint8Array): Frame {
  switch (frame[0]) {
    case frameType.control:
      return { kind: 'control', control: decodeControl(frame.subarray(1)) }
    case frameType.piece:
      return { kind: 'piece', piece: decodePiece(frame) }
    default:
      throw new TwiinError('FRAME_INVALID', { type: frame[0] })
  }
}

function decodeControl(bytes: Uint8Array): TransferControl {
  try {
    return transferControl.decode(bytes)
  } catch (cause) {
    throw new TwiinError('FRAME_INVALID', { type: frameType.control }, { cause })
  }
}

function decodePiece(frame: Uint8Array): Piece {
  const length = frame.byteLength - pieceHeaderBytes
  // An empty piece would let a holder send for ever without getting anywhere.
  if (length < 1 || length > limits.transferPieceBytes)
    throw new TwiinError('FRAME_INVALID', { type: frameType.piece, bytes: frame.byteLength })
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  const offset = view.getBigUint64(5)
  if (offset > BigInt(Number.MAX_SAFE_INTEGER))
    throw new TwiinError('FRAME_INVALID', { type: frameType.piece })
  return { index: view.getUint32(1), offset: Number(offset), bytes: frame.subarray(pieceHeaderBytes) }
}
