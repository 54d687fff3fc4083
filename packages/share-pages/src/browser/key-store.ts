/** The key of a link: from the fragment to this tab's own storage, and out of the address, where others could see it. */

const form = /^[A-Za-z0-9_-]{43}$/
const nameOf = (link: string) => `twiin-key:${link}`
/** For where storage is off: as long as this page. */
const held = new Map<string, string>()

export function takeKeyFromAddress(link: string): void {
  const fragment = location.hash.slice(1)
  if (!form.test(fragment)) return
  keepKey(link, fragment)
  history.replaceState(history.state, '', location.pathname + location.search)
}

export function keepKey(link: string, key: string): void {
  held.set(link, key)
  try {
    sessionStorage.setItem(nameOf(link), key)
  } catch {
    // Private windows of some browsers have none.
  }
}

export function keyOf(link: string): string | undefined {
  try {
    return sessionStorage.getItem(nameOf(link)) ?? held.get(link)
  } catch {
    return held.get(link)
  }
}

export function forgetKey(link: string): void {
  held.delete(link)
  try {
    sessionStorage.removeItem(nameOf(link))
  } catch {
    // None to remove.
  }
}

/** The key in an address as it was sent, if it is of this link. */
export function keyInAddress(text: string, link: string): string | undefined {
  const [, path, key] = /\/z\/([A-Za-z0-9_-]+)[^#]*#([A-Za-z0-9_-]{43})\s*$/.exec(text.trim()) ?? []
  return path === link ? key : undefined
}
