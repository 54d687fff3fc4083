import { keyFromText } from '@twiin/share-package'
import { addressOf } from '../page.ts'
import type { ViewFacts } from '../share-view.ts'
import { forgetKey, keyOf, takeKeyFromAddress } from './key-store.ts'
import { SessionOver } from './ranged-package.ts'
import { SessionClock } from './session-clock.ts'
import { askForKey, ShareApp, showTrouble } from './share-app.ts'

/** What runs on the pages of a link: on the first it takes the key out of the address, behind the second factor it opens. */

const link = location.pathname.split('/')[2] ?? ''
takeKeyFromAddress(link)
const place = document.querySelector<HTMLElement>('#share')
if (place !== null) await open(place)

async function open(place: HTMLElement): Promise<void> {
  const { language, recipient, phone, hospital, expires, bytes, left, worker } = place.dataset
  const facts: ViewFacts = {
    link,
    language: language === 'en' ? 'en' : 'nl',
    recipient: recipient === 'professional' ? 'professional' : 'patient',
    helpPhone: phone ?? '',
    hospital: hospital ?? '',
    expiresAt: Number(expires),
    script: true,
  }
  const leave = () => location.assign(addressOf(facts, `/z/${link}?ended=1`))
  const clock = new SessionClock({ link, language: facts.language, secondsLeft: Number(left) }, { leave })
  clock.start()
  const keyText = keyOf(link)
  if (keyText === undefined) return askForKey(place, facts, false)
  const key = keyFromText(keyText)
  if (key === undefined) return askForKey(place, facts, true)
  const app = new ShareApp(
    place,
    { facts, packageBytes: Number(bytes), key, keyText, workerAddress: worker ?? '' },
    { clock, leave },
  )
  // Who stops, stops: nothing stays in this tab.
  for (const form of document.querySelectorAll<HTMLFormElement>('form[action*="/end"]'))
    form.addEventListener('submit', () => {
      forgetKey(link)
      app.forget()
    })
  try {
    await app.start()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'SHARE_DAMAGED') {
      forgetKey(link)
      askForKey(place, facts, true)
    } else if (error instanceof SessionOver) leave()
    else showTrouble(place, error, facts)
  }
}
