import type { AuditEntry } from '@twiin/audit'
import type { Cause } from '../emergency/emergency-use.ts'

/** What an entry means to the patient, in words that most people know (language level B1). */

export type Language = 'nl' | 'en'

/** `them`: the other hospital. `null`: it says nothing to a patient, and is left out. */
type Words = Record<'success' | 'refused' | 'failed', string> | null
type Sentences = Record<AuditEntry['event'], Words>

const same = (text: string): Words => ({ success: text, refused: text, failed: text })
const withTry = (success: string, refused: string, failed: string): Words => ({ success, refused, failed })

export const sentences: Record<Language, Sentences> = {
  nl: {
    search: withTry(
      'heeft gezocht of er beelden van u zijn in andere ziekenhuizen',
      'wilde zoeken naar beelden van u, maar dat mocht niet',
      'wilde zoeken naar beelden van u, maar dat lukte niet',
    ),
    'search-answered': same('vroeg welke onderzoeken van u hier zijn, en kreeg antwoord'),
    'search-refused': same('vroeg welke onderzoeken van u hier zijn, en kreeg geen antwoord'),
    'retrieve-requested': same('heeft een onderzoek van u opgevraagd'),
    'study-released': same('kreeg toegang tot een onderzoek van u'),
    'study-served': withTry(
      'heeft een onderzoek van u ontvangen van dit ziekenhuis',
      'heeft geen onderzoek van u ontvangen',
      'heeft een onderzoek van u niet helemaal ontvangen',
    ),
    'study-received': withTry(
      'dit ziekenhuis heeft een onderzoek van u ontvangen',
      'dit ziekenhuis vroeg om een onderzoek van u, maar kreeg het niet',
      'dit ziekenhuis heeft een onderzoek van u niet helemaal ontvangen',
    ),
    'study-filed': same('een onderzoek van u is opgeslagen in dit ziekenhuis'),
    'study-viewed': same('heeft een onderzoek van u bekeken'),
    'study-stored': same('een nieuw onderzoek van u is opgeslagen'),
    send: same('heeft een onderzoek van u gestuurd naar een ander ziekenhuis'),
    'send-received': same('dit ziekenhuis kreeg een onderzoek van u aangeboden'),
    receipt: null,
    'consent-recorded': same('heeft uw keuze over het delen van beelden vastgelegd'),
    publish: same('andere ziekenhuizen kunnen zien dat er hier beelden van u zijn'),
    withdraw: same('andere ziekenhuizen kunnen niet meer zien dat er hier beelden van u zijn'),
    'exception-resolved': same('heeft gecontroleerd of een onderzoek echt van u is'),
    'patients-merged': same('uw gegevens stonden onder twee nummers en zijn bij elkaar gezet'),
    login: null,
    'login-failed': null,
    confirmation: null,
    'account-changed': null,
    launch: null,
    refused: same('wilde een onderzoek van u ophalen, maar dat mocht niet'),
    emergency: withTry(
      'mocht uw beelden bekijken bij een noodgeval',
      'wilde uw beelden bekijken bij een noodgeval, maar dat mocht niet',
      'wilde uw beelden bekijken bij een noodgeval, maar dat lukte niet',
    ),
    'emergency-reviewed': same('heeft gecontroleerd of het bekijken bij een noodgeval terecht was'),
    'log-read': null,
    'log-export': null,
    'log-reviewed': null,
    'account-difference': null,
    'study-recalled': same('een onderzoek van u is teruggehaald, omdat er iets niet klopte'),
    'self-test': null,
    'media-import': same('een onderzoek van u is ingelezen van een schijf'),
    'media-export': withTry(
      'heeft een onderzoek van u op een schijf gezet',
      'wilde een onderzoek van u op een schijf zetten, maar dat mocht niet',
      'wilde een onderzoek van u op een schijf zetten, maar dat lukte niet',
    ),
    'share-created': withTry(
      'heeft een link gemaakt waarmee beelden van u te bekijken zijn',
      'wilde een link naar beelden van u maken, maar dat mocht niet',
      'wilde een link naar beelden van u maken, maar dat lukte niet',
    ),
    'share-code': same('heeft een nieuwe code of een nieuw nummer gemaakt voor een link naar uw beelden'),
    'share-opened': same('heeft de link naar uw beelden geopend, met de tweede stap'),
    'share-viewed': same('heeft uw beelden bekeken via de link'),
    'share-downloaded': same('heeft uw beelden gedownload via de link'),
    'share-refused': same('wilde de link naar uw beelden openen, maar de tweede stap klopte niet'),
    'share-locked': same(
      'wilde de link naar uw beelden te vaak openen terwijl de tweede stap niet klopte; de link is op slot gegaan',
    ),
    'share-blocked': same('heeft de link naar uw beelden geblokkeerd'),
    'share-revoked': same('heeft de link naar uw beelden ingetrokken'),
    'share-expired': same('de link naar uw beelden is verlopen'),
  },
  en: {
    search: withTry(
      'searched for images of you in other hospitals',
      'wanted to search for images of you, but was not allowed to',
      'wanted to search for images of you, but that did not work',
    ),
    'search-answered': same('asked which examinations of you are here, and got an answer'),
    'search-refused': same('asked which examinations of you are here, and got no answer'),
    'retrieve-requested': same('asked for an examination of you'),
    'study-released': same('was given access to an examination of you'),
    'study-served': withTry(
      'received an examination of you from this hospital',
      'did not receive an examination of you',
      'received only part of an examination of you',
    ),
    'study-received': withTry(
      'this hospital received an examination of you',
      'this hospital asked for an examination of you, but did not get it',
      'this hospital received only part of an examination of you',
    ),
    'study-filed': same('an examination of you was stored in this hospital'),
    'study-viewed': same('looked at an examination of you'),
    'study-stored': same('a new examination of you was stored'),
    send: same('sent an examination of you to another hospital'),
    'send-received': same('this hospital was offered an examination of you'),
    receipt: null,
    'consent-recorded': same('recorded your choice about sharing images'),
    publish: same('other hospitals can see that there are images of you here'),
    withdraw: same('other hospitals can no longer see that there are images of you here'),
    'exception-resolved': same('checked whether an examination is really yours'),
    'patients-merged': same('your data stood under two numbers and were put together'),
    login: null,
    'login-failed': null,
    confirmation: null,
    'account-changed': null,
    launch: null,
    refused: same('wanted to get an examination of you, but was not allowed to'),
    emergency: withTry(
      'was allowed to look at your images in an emergency',
      'wanted to look at your images in an emergency, but was not allowed to',
      'wanted to look at your images in an emergency, but that did not work',
    ),
    'emergency-reviewed': same('checked whether looking in an emergency was right'),
    'log-read': null,
    'log-export': null,
    'log-reviewed': null,
    'account-difference': null,
    'study-recalled': same('an examination of you was taken back, because something was wrong with it'),
    'self-test': null,
    'media-import': same('an examination of you was read from a disc'),
    'media-export': withTry(
      'wrote an examination of you to a disc',
      'wanted to write an examination of you to a disc, but was not allowed to',
      'wanted to write an examination of you to a disc, but that did not work',
    ),
    'share-created': withTry(
      'made a link by which images of you can be seen',
      'wanted to make a link to images of you, but was not allowed to',
      'wanted to make a link to images of you, but that did not work',
    ),
    'share-code': same('made a new code or number for a link to your images'),
    'share-opened': same('opened the link to your images, with the second step'),
    'share-viewed': same('looked at your images by the link'),
    'share-downloaded': same('downloaded your images by the link'),
    'share-refused': same('wanted to open the link to your images, but the second step was wrong'),
    'share-locked': same(
      'wanted to open the link to your images too often while the second step was wrong; the link was locked',
    ),
    'share-blocked': same('blocked the link to your images'),
    'share-revoked': same('took back the link to your images'),
    'share-expired': same('the link to your images has run out'),
  },
}

export const phrases = {
  nl: {
    title: 'Wie heeft uw beelden gezien?',
    hospital: 'Ziekenhuis',
    patient: 'Burgerservicenummer',
    period: 'Periode',
    from: 'vanaf {0}',
    until: 'tot en met {0}',
    all: 'alles wat wij bewaard hebben',
    madeOn: 'Gemaakt op',
    nothing: 'In deze periode staat er niets over u in ons logboek.',
    emergency: 'noodgeval',
    refused: 'niet toegestaan',
    why: 'Reden',
    computer: 'Automatisch, door de computer van {0}',
    recipient: 'Wie de link en de code heeft',
    truncated: 'Er is meer dan in deze lijst past. Vraag om een kortere periode.',
    remark:
      'Deze lijst komt uit het logboek van dit ziekenhuis. Wat u in een ander ziekenhuis wilt weten, kunt u daar vragen. Klopt er iets niet, of heeft u een vraag? Bel of mail de functionaris gegevensbescherming van dit ziekenhuis.',
    unwritable: 'Een letter in deze lijst kon niet worden afgedrukt; op die plaats staat een vierkant.',
  },
  en: {
    title: 'Who has seen your images?',
    hospital: 'Hospital',
    patient: 'Citizen service number (BSN)',
    period: 'Period',
    from: 'from {0}',
    until: 'up to and including {0}',
    all: 'everything we have kept',
    madeOn: 'Made on',
    nothing: 'Our log says nothing about you in this period.',
    emergency: 'emergency',
    refused: 'not allowed',
    why: 'Reason',
    computer: 'Automatically, by the computer of {0}',
    recipient: 'Who has the link and the code',
    truncated: 'There is more than fits in this list. Ask for a shorter period.',
    remark:
      'This list comes from the log of this hospital. What you want to know of another hospital, you can ask there. Is something wrong, or do you have a question? Call or mail the data protection officer of this hospital.',
    unwritable: 'A letter in this list could not be printed; a square stands in its place.',
  },
} as const

export const roleNames: Record<Language, Readonly<Record<string, string>>> = {
  nl: { radiologist: 'radioloog', operator: 'beheerder', auditor: 'controleur' },
  en: { radiologist: 'radiologist', operator: 'administrator', auditor: 'auditor' },
}

/** Why it was an emergency (spec 21 §1). */
export const causeNames: Record<Language, Record<Cause, string>> = {
  nl: {
    'life-threatening': 'levensgevaar',
    'not-responsive': 'u kon niets zeggen',
    other: 'een andere reden',
  },
  en: {
    'life-threatening': 'danger to life',
    'not-responsive': 'you could not be asked',
    other: 'another reason',
  },
}
