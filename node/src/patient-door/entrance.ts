import type { FastifyReply, FastifyRequest } from '@twiin/web'

/** What is known of every page before it is made. */
export interface DoorOptions {
  /** `https://host[:port]`, as links begin. */
  publicUrl: string
  hospital: string
  helpPhone: string
  oidc?: { label: string; simulator: boolean }
}

/** What the pages say to a log-in elsewhere; each answers the request. */
export interface LoginPages {
  /** A page that goes on to this address by itself, and by a link. */
  onward(request: FastifyRequest, reply: FastifyReply, to: string): Promise<unknown>
  /** This is who came back: asks the shares, begins the session, goes on without a redirect. */
  arrived(request: FastifyRequest, reply: FastifyReply, who: { link: string; bsn: string }): Promise<unknown>
  /** Nobody was let in. */
  failed(
    request: FastifyRequest,
    reply: FastifyReply,
    why: { link: string | undefined; reason: string },
  ): Promise<unknown>
}
