import { factorOf } from '../shares/share-link.ts'
import type { EntryFacts, Language, LinkFacts, PageFacts } from '@twiin/share-pages'
import type { FastifyRequest } from '@twiin/web'
import type { DoorOptions } from './entrance.ts'

/** Dutch or English: as the address says, else as the browser prefers (spec 25 §5). */
function languageOf(request: FastifyRequest): Language {
  const asked = new URLSearchParams(request.url.split('?')[1] ?? '').get('lang')
  if (asked === 'nl' || asked === 'en') return asked
  const known = (request.headers['accept-language'] ?? '')
    .slice(0, 200)
    .split(',')
    .map((part) => {
      const [tag = '', weight] = part.trim().toLowerCase().split(';q=')
      return { tag: tag.split('-')[0], weight: weight === undefined ? 1 : Number(weight) || 0 }
    })
    .filter(({ tag, weight }) => (tag === 'nl' || tag === 'en') && weight > 0)
    .sort((a, b) => b.weight - a.weight)
  return known[0]?.tag === 'en' ? 'en' : 'nl'
}

/** What each page is told. Of the request nothing but language and, where it has the form of one, the link. */
export class DoorFacts {
  readonly #options: DoorOptions
  readonly #assets: PageFacts['assets']

  constructor(options: DoorOptions, deps: { assets: PageFacts['assets'] }) {
    this.#options = options
    this.#assets = deps.assets
  }

  page(request: FastifyRequest, path = '/'): PageFacts {
    const { hospital, helpPhone } = this.#options
    return { language: languageOf(request), hospital, helpPhone, assets: this.#assets, path }
  }

  /** `page`: behind the link, where the switch of language leads; the page before the code unless said. */
  link(request: FastifyRequest, link: string, page = ''): LinkFacts {
    return { ...this.page(request, `/z/${link}${page}`), link }
  }

  /** Undefined for what no link looks like. */
  entry(request: FastifyRequest, link: string, after?: EntryFacts['after']): EntryFacts | undefined {
    const factor = factorOf(link)
    if (factor === undefined) return undefined
    const { oidc } = this.#options
    return {
      ...this.link(request, link),
      factor,
      ...(oidc === undefined ? {} : { broker: oidc }),
      ...(after === undefined ? {} : { after }),
    }
  }
}
