/** From one frame of an image to a picture for people: decoded, windowed, scaled, in a thread with limits. */
export { Renderer } from './renderer.ts'
export type { PictureRequest } from './renderer.ts'
export type { Rendered } from './render-frame.ts'
