import { gaussian } from './random.ts'

/** Pictures that a person recognises as the modality; coordinates run from -1 (left, top) to 1. */

interface Ellipse {
  x: number
  y: number
  rx: number
  ry: number
  value: number
  /** Radians. */
  turn?: number
}

/** Each pixel gets the value of the last ellipse it lies in, plus noise, cut off to `range`. */
function paint(
  pixels: Int16Array | Uint16Array,
  options: { size: number; background: number; ellipses: Ellipse[]; noise: number; range: [number, number] },
  random: () => number,
): void {
  const { size, background, noise, range } = options
  const shapes = options.ellipses.map((shape) => ({
    ...shape,
    cos: Math.cos(shape.turn ?? 0),
    sin: Math.sin(shape.turn ?? 0),
  }))
  for (let row = 0, i = 0; row < size; row++) {
    const y = (2 * row) / (size - 1) - 1
    const inRow = shapes.filter((shape) => Math.abs(y - shape.y) < Math.max(shape.rx, shape.ry))
    for (let column = 0; column < size; column++, i++) {
      const x = (2 * column) / (size - 1) - 1
      let value = background
      for (const { x: cx, y: cy, rx, ry, cos, sin, value: inside } of inRow) {
        const u = ((x - cx) * cos + (y - cy) * sin) / rx
        const v = ((y - cy) * cos - (x - cx) * sin) / ry
        if (u * u + v * v < 1) value = inside
      }
      pixels[i] = Math.max(range[0], Math.min(range[1], Math.round(value + gaussian(random) * noise)))
    }
  }
}

/** An axial slice of a chest in Hounsfield units; `z` runs from 0 (apex) to 1 (diaphragm). */
export function drawCt(size: number, z: number, random: () => number): Int16Array {
  const lung = 0.6 + 0.4 * Math.sin(Math.PI * (0.15 + 0.75 * z))
  const heart = Math.max(0, Math.sin(Math.PI * (z - 0.2)))
  const ribs = Array.from({ length: 14 }, (_, i): Ellipse => {
    const angle = (i / 14) * 2 * Math.PI + z * 1.3
    const [x, y] = [0.76 * Math.cos(angle), 0.55 * Math.sin(angle)]
    return {
      x,
      y,
      rx: 0.075,
      ry: 0.022,
      turn: Math.atan2(Math.cos(angle) * 0.55, -Math.sin(angle) * 0.76),
      value: 420,
    }
  })
  const pixels = new Int16Array(size * size)
  const ellipses: Ellipse[] = [
    { x: 0, y: 0.72, rx: 0.95, ry: 0.035, value: -300 },
    { x: 0, y: 0, rx: 0.88, ry: 0.66, value: -95 },
    { x: 0, y: 0, rx: 0.82, ry: 0.6, value: 45 },
    ...ribs,
    { x: -0.4, y: -0.03, rx: 0.31 * lung, ry: 0.47 * lung, turn: 0.12, value: -860 },
    { x: 0.4, y: -0.03, rx: 0.31 * lung, ry: 0.47 * lung, turn: -0.12, value: -860 },
    { x: 0.12, y: -0.12, rx: 0.3 * heart + 0.08, ry: 0.26 * heart + 0.08, turn: 0.5, value: 48 },
    { x: -0.02, y: 0.02, rx: 0.05, ry: 0.05, value: z < 0.5 ? -950 : 35 },
    { x: 0.13, y: 0.2, rx: 0.065, ry: 0.065, value: 55 },
    { x: 0, y: 0.36, rx: 0.12, ry: 0.1, value: 320 },
    { x: 0, y: 0.5, rx: 0.03, ry: 0.09, value: 480 },
    { x: 0, y: 0.45, rx: 0.04, ry: 0.035, value: 30 },
  ]
  if (Math.abs(z - 0.45) < 0.12) ellipses.push({ x: -0.45, y: -0.15, rx: 0.04, ry: 0.04, value: 40 })
  paint(pixels, { size, background: -1000, ellipses, noise: 14, range: [-1024, 3071] }, random)
  return pixels
}

/** An axial slice of a head, T1-like; `z` runs from 0 (base) to 1 (vertex). */
export function drawMr(size: number, z: number, random: () => number): Uint16Array {
  const r = Math.sqrt(Math.max(0.12, 1 - (z - 0.35) ** 2 * 1.6))
  const ventricle = Math.max(0, 1 - Math.abs(z - 0.55) * 3)
  const gyri = Array.from({ length: 36 }, (_, i): Ellipse => {
    const angle = (i / 36) * 2 * Math.PI
    const [x, y] = [0.5 * r * Math.cos(angle), 0.65 * r * Math.sin(angle)]
    return { x, y, rx: 0.055 * r, ry: 0.02 * r, turn: angle + 0.4 * Math.sin(i * 2.3 + z * 5), value: 760 }
  })
  const pixels = new Uint16Array(size * size)
  const ellipses: Ellipse[] = [
    { x: 0, y: 0, rx: 0.7 * r, ry: 0.88 * r, value: 1500 },
    { x: 0, y: 0, rx: 0.655 * r, ry: 0.835 * r, value: 90 },
    { x: 0, y: 0, rx: 0.61 * r, ry: 0.785 * r, value: 240 },
    { x: 0, y: 0, rx: 0.58 * r, ry: 0.75 * r, value: 740 },
    { x: 0, y: 0, rx: 0.47 * r, ry: 0.62 * r, value: 1050 },
    ...gyri,
    { x: 0, y: 0, rx: 0.012, ry: 0.74 * r, value: 260 },
    { x: -0.2 * r, y: 0.05, rx: 0.09 * r, ry: 0.15 * r, turn: 0.3, value: 800 },
    { x: 0.2 * r, y: 0.05, rx: 0.09 * r, ry: 0.15 * r, turn: -0.3, value: 800 },
    {
      x: -0.1 * r,
      y: -0.1,
      rx: 0.001 + 0.06 * ventricle,
      ry: 0.001 + 0.24 * ventricle,
      turn: -0.25,
      value: 220,
    },
    {
      x: 0.1 * r,
      y: -0.1,
      rx: 0.001 + 0.06 * ventricle,
      ry: 0.001 + 0.24 * ventricle,
      turn: 0.25,
      value: 220,
    },
  ]
  paint(pixels, { size, background: 12, ellipses, noise: 22, range: [0, 4095] }, random)
  return pixels
}

/** A chest, seen from the front. */
export function drawCr(size: number, random: () => number): Uint16Array {
  const pixels = new Uint16Array(size * size)
  const ellipses: Ellipse[] = [
    { x: 0, y: 0.35, rx: 0.93, ry: 1.1, value: 2300 },
    { x: 0, y: -0.85, rx: 0.25, ry: 0.5, value: 2350 },
    { x: -0.42, y: -0.05, rx: 0.32, ry: 0.68, turn: 0.1, value: 900 },
    { x: 0.42, y: -0.05, rx: 0.32, ry: 0.68, turn: -0.1, value: 900 },
    { x: 0, y: 0, rx: 0.11, ry: 0.95, value: 2900 },
    { x: 0.16, y: 0.25, rx: 0.33, ry: 0.29, turn: 0.4, value: 2750 },
    { x: 0.12, y: -0.2, rx: 0.11, ry: 0.12, value: 2700 },
    { x: -0.45, y: 0.78, rx: 0.5, ry: 0.32, value: 3000 },
    { x: 0.45, y: 0.85, rx: 0.5, ry: 0.32, value: 2950 },
    { x: 0.02, y: -0.6, rx: 0.035, ry: 0.3, value: 2300 },
  ]
  paint(pixels, { size, background: 150, ellipses, noise: 30, range: [0, 4095] }, random)
  for (let row = 0, i = 0; row < size; row++) {
    const y = (2 * row) / (size - 1) - 1
    for (let column = 0; column < size; column++, i++) {
      const x = Math.abs((2 * column) / (size - 1) - 1)
      const onRib = Math.abs((((((y + 1.1 * (x - 0.35) ** 2) * 4.2) % 1) + 1) % 1) - 0.5) < 0.14
      const clavicle = Math.abs(y + 0.62 + 0.2 * x) < 0.03 && x > 0.08 && x < 0.75
      if ((onRib && x > 0.1 && x < 0.8 && y > -0.7 && y < 0.6) || clavicle) pixels[i] = (pixels[i] ?? 0) + 380
    }
  }
  return pixels
}

/** One frame of a beating fan, RGB; `phase` runs from 0 to 1. A patch of Doppler colour shows that it is colour. */
export function drawUs(size: number, phase: number, random: () => number): Uint8Array {
  const pixels = new Uint8Array(size * size * 3)
  const beat = 0.05 * Math.sin(2 * Math.PI * phase)
  for (let row = 0, i = 0; row < size; row++) {
    const y = row / (size - 1) + 0.08
    for (let column = 0; column < size; column++, i += 3) {
      const x = (2 * column) / (size - 1) - 1
      const depth = Math.hypot(x * 0.75, y)
      if (Math.abs(Math.atan2(x * 0.75, y)) > 0.7 || depth < 0.12 || depth > 1.05) continue
      const chamber = (x / (0.3 + beat)) ** 2 + ((y - 0.55) / (0.22 + beat)) ** 2
      const tissue = chamber < 1 ? 8 : chamber < 1.5 ? 190 : 95 + 35 * Math.sin(depth * 40 + x * 5)
      const grey = Math.min(255, tissue * (1.15 - 0.55 * depth) * (0.35 + 1.1 * random()))
      const flow = chamber < 0.5 ? Math.sin(2 * Math.PI * phase + x * 6) * 200 : 0
      pixels[i] = Math.max(grey, flow)
      pixels[i + 1] = grey
      pixels[i + 2] = Math.max(grey, -flow)
    }
  }
  return pixels
}
