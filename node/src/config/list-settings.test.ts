import { expect, test } from 'vitest'
import { effectiveSettings } from './list-settings.ts'
import type { Settings } from './settings.ts'

test('what a node runs with is shown with its sentence, and the folder of a secret is not', () => {
  const settings = {
    registry: { url: 'https://register.example', enrolmentTokenFile: '/etc/twiin/once/enrolment-token' },
    transfer: { lanes: 1, memoryMiB: 128 },
    dicom: { applicationEntities: [{ aeTitle: 'PACS' }] },
  } as unknown as Settings
  const of = (path: string) => effectiveSettings(settings).find((one) => one.path === path)
  expect(of('registry.enrolmentTokenFile')).toMatchObject({ value: '…/enrolment-token' })
  expect(of('transfer.lanes')).toMatchObject({ value: 1, isDefault: true })
  expect(of('transfer.memoryMiB')).toMatchObject({ value: 128, isDefault: false })
  expect(of('transfer.memoryMiB')?.description).toContain('buffers')
  expect(of('dicom.applicationEntities')).toMatchObject({ value: [{ aeTitle: 'PACS' }] })
  expect(effectiveSettings(settings).filter(({ description }) => description === '')).toEqual([])
})
