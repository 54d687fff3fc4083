import type { Vector } from './vectors.ts'

export interface EdgeLetters {
  left: string
  right: string
  top: string
  bottom: string
}

const axes = [
  ['L', 'R'],
  ['P', 'A'],
  ['H', 'F'],
] as const

/** Towards what a direction goes (PS3.3 C.7.6.1.1.1): `L`, or `LP` when it is oblique. */
function direction(along: Vector): string {
  return along
    .map((part, axis) => ({ size: Math.abs(part), letter: axes[axis]?.[part >= 0 ? 0 : 1] ?? '' }))
    .filter(({ size }) => size > 0.25)
    .sort((a, b) => b.size - a.size)
    .slice(0, 2)
    .map(({ letter }) => letter)
    .join('')
}

const opposite = ([x, y, z]: Vector): Vector => [-x, -y, -z]

/** What stands at the edges of a picture whose right and lower edge lie in these directions. */
export function edgeLetters(right: Vector, down: Vector): EdgeLetters {
  return {
    left: direction(opposite(right)),
    right: direction(right),
    top: direction(opposite(down)),
    bottom: direction(down),
  }
}
