export interface Picture {
  pixels: Uint8Array
  width: number
  height: number
  componentCount: number
}

/** To fit a viewport, in proportion (PS3.18 §8.3.5.1.3): smaller by averaging, larger by repeating. */
export function scaled(picture: Picture, viewport: { width: number; height: number } | undefined): Picture {
  if (viewport === undefined) return picture
  const factor = Math.min(viewport.width / picture.width, viewport.height / picture.height)
  const width = Math.max(1, Math.round(picture.width * factor))
  const height = Math.max(1, Math.round(picture.height * factor))
  if (width === picture.width && height === picture.height) return picture
  const { pixels: from, componentCount: n } = picture
  const pixels = new Uint8Array(width * height * n)
  for (let y = 0; y < height; y++) {
    const [top, bottom] = span(y, height, picture.height)
    for (let x = 0; x < width; x++) {
      const [left, right] = span(x, width, picture.width)
      for (let c = 0; c < n; c++) {
        let sum = 0
        for (let v = top; v < bottom; v++)
          for (let u = left; u < right; u++) sum += from[(v * picture.width + u) * n + c] ?? 0
        pixels[(y * width + x) * n + c] = sum / ((bottom - top) * (right - left))
      }
    }
  }
  return { pixels, width, height, componentCount: n }
}

function span(at: number, size: number, of: number): [number, number] {
  const start = Math.min(of - 1, Math.floor((at * of) / size))
  return [start, Math.max(start + 1, Math.min(of, Math.floor(((at + 1) * of) / size)))]
}
