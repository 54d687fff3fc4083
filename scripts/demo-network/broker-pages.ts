/** Pages of the simulated broker. Each says what it is, in both languages: nobody may take it for a log-in. */

export interface SimulatedPerson {
  bsn: string
  name: string
  note: string
}

const style = `
  body { font: 1.125rem/1.5 sans-serif; max-width: 36rem; margin: 0 auto; padding: 1rem; color: #1b1b1b; background: #fff }
  .simulator { background: #fff4d6; border: 2px solid #b26b00; padding: 0.75rem; font-weight: 700 }
  button { display: block; width: 100%; min-height: 48px; margin: 0.5rem 0; padding: 0.5rem 0.75rem; font: inherit;
    text-align: start; color: #154273; background: #fff; border: 2px solid #154273; border-radius: 6px }
  button:focus-visible { outline: 3px solid #b26b00; outline-offset: 2px }
  small { color: #4d5563 }`

const frame = (body: string) => `<!doctype html>
<html lang="nl">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>SIMULATOR: inloggen</title>
<style>${style}</style>
</head>
<body>
<main>
<p class="simulator">SIMULATOR. Dit is geen echte inlog. Niemand hier bestaat.
<span lang="en">This is no real log-in. Nobody here exists.</span></p>
${body}
</main>
</body>
</html>
`

/** Whom to be, for the request with this id. */
export const choicePage = (id: string, people: readonly SimulatedPerson[]): string =>
  frame(`<h1>Wie bent u? <span lang="en">Who are you?</span></h1>
<form method="post" action="/choose">
<input type="hidden" name="id" value="${escaped(id)}">
${people.map(button).join('\n')}
<button name="bsn" value="">Stoppen · <span lang="en">Stop</span></button>
</form>`)

export const refusalPage = (): string =>
  frame(`<h1>Dat kan niet. <span lang="en">That is not possible.</span></h1>
<p>Ga terug naar de pagina van het ziekenhuis. <span lang="en">Go back to the page of the hospital.</span></p>`)

const button = ({ bsn, name, note }: SimulatedPerson) =>
  `<button name="bsn" value="${escaped(bsn)}">${escaped(name.split('^').join(', '))} · ${escaped(bsn)}<br><small lang="en">${escaped(note)}</small></button>`

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string) => text.replaceAll(/[&<>"]/g, (letter) => entities[letter] ?? '')
