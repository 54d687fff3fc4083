/** Two circles that share a part: two hospitals, one patient. */
export function Logo({ size }: { size: number }) {
  return (
    <svg className="logo" width={size} height={size} viewBox="0 0 32 32" role="img" aria-label="Twiin">
      <circle className="logo-first" cx="11.5" cy="16" r="8" />
      <circle className="logo-second" cx="20.5" cy="16" r="8" />
    </svg>
  )
}
