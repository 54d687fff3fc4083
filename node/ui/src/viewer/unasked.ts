import { idleSeconds } from '@twiin/ui-kit'

/** Headers of what the viewer fetches by itself: how long nobody touched the page, so that it does not keep a session open. */
export const unasked = (): Record<string, string> => ({ 'x-twiin-idle': String(idleSeconds()) })
