/** A decoded frame: what stands in it may differ from what the data set says of the compressed one. */
export interface Pixels {
  bytes: Buffer
  samplesPerPixel: number
  bitsAllocated: number
  /** Colours were turned to RGB, pixel by pixel, while decoding. */
  isRgb: boolean
}
