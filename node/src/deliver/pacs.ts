/** The hospital’s PACS, and the AE title under which this node calls it. */
export interface Pacs {
  host: string
  port: number
  aeTitle: string
  callingAeTitle: string
}
