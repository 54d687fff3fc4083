/** Directions and places in the patient: DICOM's coordinates, x to the left, y to the back, z to the head, in mm. */
export type Vector = readonly [x: number, y: number, z: number]

export const vector = ([x, y, z]: readonly number[]): Vector | undefined =>
  x === undefined || y === undefined || z === undefined ? undefined : [x, y, z]

export const dot = (a: Vector, b: Vector) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2]

export const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
]
