import { useTranslation } from 'react-i18next'

const isKnown = (level: number): level is 1 | 2 | 3 | 4 => [1, 2, 3, 4].includes(level)

/** What a level of connection means, in words. Undefined when nobody said. */
export function useLevelText(): (level: number | undefined) => string | undefined {
  const { t } = useTranslation()
  return (level) => (level !== undefined && isKnown(level) ? t(`level.level${level}`) : undefined)
}
