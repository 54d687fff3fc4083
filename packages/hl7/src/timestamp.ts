/** `YYYYMMDDHHMMSS+0000` (TS, §2.16.75), in UTC. */
export function timestamp(now: number): string {
  return `${new Date(now).toISOString().replace(/\D/g, '').slice(0, 14)}+0000`
}
