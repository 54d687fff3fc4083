import type { ReactNode } from 'react'

interface Option<Value extends string | number> {
  value: Value
  text: string
  /** Why it cannot be chosen here. */
  unless?: string | undefined
}

interface Props<Value extends string | number> {
  legend: string
  name: string
  options: readonly Option<Value>[]
  value: Value
  onChange: (value: Value) => void
  children?: ReactNode
}

/** One of a few. What cannot be chosen stands there with the reason, so that nobody looks for it. */
export function Choice<Value extends string | number>(props: Props<Value>) {
  return (
    <fieldset className="choices share-choice">
      <legend>{props.legend}</legend>
      {props.options.map(({ value, text, unless }) => (
        <div key={value} className="share-option">
          <label className={unless === undefined ? 'check' : 'check muted'}>
            <input
              type="radio"
              name={props.name}
              disabled={unless !== undefined}
              checked={props.value === value}
              onChange={() => props.onChange(value)}
            />
            {text}
          </label>
          {unless !== undefined && <p className="hint">{unless}</p>}
        </div>
      ))}
      {props.children}
    </fieldset>
  )
}
