import { expect, test } from 'vitest'
import { html } from './html.ts'

test('what is put into a page is text there, in attributes and lists too', () => {
  const hostile = `<b title="x" class='y'>&`
  const safe = '&lt;b title=&quot;x&quot; class=&#39;y&#39;&gt;&amp;'
  expect(html`<p title="${hostile}">${hostile}${[hostile, html`<i>${hostile}</i>`]}</p>`.toString()).toBe(
    `<p title="${safe}">${safe}${safe}<i>${safe}</i></p>`,
  )
  expect(html`${undefined}${false}${0}`.toString()).toBe('0')
})
