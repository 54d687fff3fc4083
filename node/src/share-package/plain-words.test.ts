import { expect, it } from 'vitest'
import { plainWords, seriesWords } from './plain-words.ts'

it.each([
  [['CT'], ['CHEST', ''], 'CT-scan van de borst', 'CT scan of the chest'],
  [
    ['CT', 'SR'],
    ['', 'CT thorax/abdomen met contrast'],
    'CT-scan van de borst en de buik',
    'CT scan of the chest and the abdomen',
  ],
  [['DX'], ['HAND', 'Hand li 2 richtingen'], 'Röntgenfoto van de hand', 'X-ray of the hand'],
  [['CR'], ['', 'X-knie rechts'], 'Röntgenfoto van de knie', 'X-ray of the knee'],
  [['MR', 'PR'], ['', 'MRI hersenen'], 'MRI-scan van het hoofd', 'MRI scan of the head'],
  [['MR'], ['LSPINE', 'LWK'], 'MRI-scan van de wervelkolom', 'MRI scan of the spine'],
  [['US'], ['', ''], 'Echo', 'Ultrasound scan'],
  [['MG'], ['BREAST', 'Mammografie screening'], 'Mammografie', 'Mammogram'],
  [['PT', 'CT'], ['', 'whole body FDG'], 'PET-CT-scan van het hele lichaam', 'PET-CT scan of the whole body'],
  [['SR'], ['', 'CT thorax'], 'Verslag', 'Report'],
  [['OT'], ['', ''], 'Beelden', 'Images'],
  [[], [], 'Beelden', 'Images'],
])('%j of %j is called %s', (modalities, about, nl, en) => {
  expect(plainWords({ modalities, about })).toEqual({ nl, en })
})

it('what a modality wrote is in no words', () => {
  const about = ['verdenking maligniteit long', '<b>CT</b> thorax, Jansen']
  expect(plainWords({ modalities: ['CT'], about })).toEqual({
    nl: 'CT-scan van de borst',
    en: 'CT scan of the chest',
  })
})

it('series of the same words are told apart by their place', () => {
  const words = { nl: 'Echo', en: 'Ultrasound scan' }
  expect(seriesWords(words, 1, 1)).toEqual(words)
  expect(seriesWords(words, 2, 3)).toEqual({
    nl: 'Echo, reeks 2 van 3',
    en: 'Ultrasound scan, series 2 of 3',
  })
})
