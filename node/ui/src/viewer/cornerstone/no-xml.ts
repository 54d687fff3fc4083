/**
 * In place of xmlbuilder2 (vite.config.ts): vtk.js wants it for files of meshes, which nobody opens here, and it does not load
 * in a browser.
 */
export function create(): never {
  throw new Error('no meshes here')
}
