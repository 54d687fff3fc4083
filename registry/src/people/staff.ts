/** Administrators act, each in their own name; an auditor looks on. */
export const roles = ['administrator', 'auditor'] as const
export type Role = (typeof roles)[number]

/** Somebody of the registry. Four eyes are two different ids. */
export interface Staff {
  readonly id: string
  readonly name: string
  readonly role: Role
}
