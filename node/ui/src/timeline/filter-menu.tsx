import { ChevronDown } from 'lucide-react'
import { useRef } from 'react'

interface Props {
  label: string
  options: readonly { value: string; text: string }[]
  chosen: readonly string[]
  onChange: (chosen: string[]) => void
}

/** Several of a few, folded away until wanted. Closes on Escape and when the focus leaves. */
export function FilterMenu({ label, options, chosen, onChange }: Props) {
  const details = useRef<HTMLDetailsElement>(null)
  const close = () => {
    if (details.current !== null) details.current.open = false
  }
  const words = options.filter(({ value }) => chosen.includes(value)).map(({ text }) => text)
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Escape of the boxes inside bubbles up here
    <details
      ref={details}
      className="filter-menu"
      data-chosen={words.length > 0}
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) close()
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || details.current?.open !== true) return
        event.stopPropagation()
        close()
        details.current.querySelector('summary')?.focus()
      }}
    >
      <summary className="button button-small">
        {words.length === 0 ? label : `${label}: ${words.join(', ')}`}
        <ChevronDown aria-hidden size={14} />
      </summary>
      <div className="filter-options">
        {options.map(({ value, text }) => (
          <label key={value} className="check">
            <input
              type="checkbox"
              checked={chosen.includes(value)}
              onChange={({ target }) =>
                onChange(target.checked ? [...chosen, value] : chosen.filter((one) => one !== value))
              }
            />
            {text}
          </label>
        ))}
      </div>
    </details>
  )
}
