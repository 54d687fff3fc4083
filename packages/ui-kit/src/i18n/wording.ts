/** Texts of one language with the keys of `T`. */
export type Texts<T> = { [Key in keyof T]: T[Key] extends string ? string : Texts<T[Key]> }

/** What the parts of the kit say. Each app has these keys in its own wording, in its own voice. */
export interface KitWording {
  app: {
    skip: string
    close: string
    retry: string
  }
  nav: { label: string }
  menu: {
    toLight: string
    toDark: string
    /** Names the other language, in that language. */
    language: string
    languageShort: string
    logOut: string
  }
  problem: {
    title: string
    /** With `{{reference}}`. */
    reference: string
    /** With `{{code}}`. */
    unknown: string
    crash: string
    reload: string
  }
  /** A sentence for each error code of the server. */
  codes: { UNEXPECTED: string }
}
