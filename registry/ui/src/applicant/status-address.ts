/** Whose application, and the token that says one may see it. */
export interface StatusKey {
  id: string
  token: string
}

const shape = /^([0-9a-f-]{36})\.([A-Za-z0-9_-]{8,128})$/i

/** The token stands behind `#`: browsers do not send that part, so it is in no server's log. */
export const statusAddress = (id: string, token: string) => `/aanvraag#${id}.${token}`

/** From a whole address, or only its end. Undefined for anything else. */
export function readStatusAddress(text: string): StatusKey | undefined {
  const [, id, token] = shape.exec(text.trim().replace(/^.*#/, '')) ?? []
  return id === undefined || token === undefined ? undefined : { id, token }
}
