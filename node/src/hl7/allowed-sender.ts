/** Who may send, by MSH-3, MSH-4 and address; what is not named may be anything. */
export interface AllowedSender {
  application: string
  facility?: string
  addresses?: readonly string[]
  characterSet: string
}
