/** The page to open, by language. */
export const pageNames = { nl: 'BEKIJKEN.HTM', en: 'VIEW.HTM' } as const
