import { isTwiinError } from '@twiin/runtime'
import type { Application } from '../ledger/acts.ts'
import type { RegistryClient } from './registry-client.ts'

export interface AddedClinic {
  readonly id: string
  readonly ura: string
  readonly organisation: string
  readonly enrolmentToken: string
  readonly expiresAt: string
}

/** Applies for a clinic and approves it as both people, whose tokens are both at hand here. */
export async function addClinic(client: RegistryClient, application: Application): Promise<AddedClinic> {
  const { id } = await client.call<{ id: string }>('administrator', 'POST', '/applications', application)
  await client.call('administrator', 'POST', `/applications/${id}/approvals`)
  const approved = await client.call<AddedClinic>('approver', 'POST', `/applications/${id}/approvals`)
  const { ura, organisation, enrolmentToken, expiresAt } = approved
  return { id, ura, organisation, enrolmentToken, expiresAt }
}

/** Revokes as both people. When one of them has asked before, that stands and the other's word completes it. */
export async function revokeCertificate(
  client: RegistryClient,
  serial: string,
  reason: string,
): Promise<void> {
  const revoke = (as: 'administrator' | 'approver') =>
    client.call<{ state: string }>(as, 'POST', `/certificates/${serial}/revocation`, { reason })
  const first = await revoke('administrator').catch((error: unknown) => {
    if (isTwiinError(error, 'SECOND_PERSON_REQUIRED')) return { state: 'recorded' }
    throw error
  })
  if (first.state === 'recorded') await revoke('approver')
}
