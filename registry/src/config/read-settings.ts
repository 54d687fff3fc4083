import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { TwiinError } from '@twiin/runtime'
import { Compile } from 'typebox/compile'
import { Default } from 'typebox/value'
import { parse } from 'yaml'
import { Settings } from './settings.ts'

const shape = Compile(Settings)

/** Reads a YAML settings file. Throws CONFIG_UNREADABLE or CONFIG_INVALID with the first place that is wrong. */
export async function readSettings(file: string): Promise<Settings> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new TwiinError('CONFIG_UNREADABLE', { file }, { cause })
  })
  return judgeSettings(parseYaml(text, file), dirname(resolve(file)))
}

/** Fills in the defaults and makes every path absolute from `folder`. */
export function judgeSettings(raw: unknown, folder: string): Settings {
  const settings: unknown = Default(Settings, structuredClone(raw ?? {}))
  if (!shape.Check(settings)) {
    const [error] = shape.Errors(settings).filter(({ keyword }) => keyword !== 'boolean')
    const unknown =
      error?.keyword === 'additionalProperties' ? error.params.additionalProperties.join(' ') : undefined
    throw new TwiinError('CONFIG_INVALID', {
      at: error?.instancePath || '/',
      problem: error?.message,
      unknown,
    })
  }
  const at = (path: string) => resolve(folder, path)
  const { authority, keys, http, tokens } = settings
  return {
    ...settings,
    dataDir: at(settings.dataDir),
    authority: {
      ...authority,
      rootCertificate: at(authority.rootCertificate),
      issuingCertificate: at(authority.issuingCertificate),
      issuingKey: at(authority.issuingKey),
      ...(authority.passphraseFile !== undefined && { passphraseFile: at(authority.passphraseFile) }),
      ...(authority.signerModule !== undefined && { signerModule: at(authority.signerModule) }),
    },
    keys: {
      masterKey: at(keys.masterKey),
      peerKey: at(keys.peerKey),
      keeperKey: at(keys.keeperKey),
      logKey: at(keys.logKey),
    },
    http: { ...http, certificate: at(http.certificate), key: at(http.key), caFile: at(http.caFile) },
    peopleFile: at(settings.peopleFile),
    tokens: { administrator: at(tokens.administrator), approver: at(tokens.approver) },
  }
}

function parseYaml(text: string, file: string): unknown {
  try {
    return parse(text)
  } catch (cause) {
    throw new TwiinError('CONFIG_INVALID', { file, problem: 'not YAML' }, { cause })
  }
}
