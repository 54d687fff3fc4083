/** Bytes of a data set. */
export interface Span {
  offset: number
  length: number
}
