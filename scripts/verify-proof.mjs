#!/usr/bin/env node
// Verifies a proof of a delivery (docs/spec/22-proof.md), offline, with nothing but Node 20 or later: no other file of this
// project. It reads what a stranger may have made: lengths are looked at before anything is believed.
import { X509Certificate, createHash, createPublicKey, verify } from 'node:crypto'
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import process, { argv, stderr, stdout } from 'node:process'

const toleranceMs = 5 * 60_000
const mostBytes = 512 * 1024 * 1024

class Flaw extends Error {}
const flaw = (text) => {
  throw new Flaw(text)
}

// ---------------------------------------------------------------- CBOR, the deterministic subset of docs/spec/00

const simple = { 20: false, 21: true, 22: null }
function decodeCbor(bytes) {
  let at = 0
  const take = (count) => {
    if (at + count > bytes.length) flaw('message ends too early')
    at += count
    return bytes.subarray(at - count, at)
  }
  const count = (info) => {
    if (info < 24) return info
    if (info === 24) return take(1)[0]
    if (info === 25) return Buffer.from(take(2)).readUInt16BE(0)
    if (info === 26) return Buffer.from(take(4)).readUInt32BE(0)
    if (info !== 27) flaw('message has a length that is not allowed')
    const value = Number(Buffer.from(take(8)).readBigUInt64BE(0))
    return Number.isSafeInteger(value) ? value : flaw('message has a number that is too large')
  }
  const item = (depth) => {
    if (depth > 16) flaw('message is nested too deeply')
    const first = take(1)[0]
    const [major, info] = [first >> 5, first & 31]
    if (major === 7 && info in simple) return simple[info]
    if (major > 5) flaw('message has a value that is not allowed')
    const n = count(info)
    if (major === 0) return n
    if (major === 1) return -1 - n
    if (major === 2) return Uint8Array.from(take(n))
    if (major === 3) return new TextDecoder('utf-8', { fatal: true }).decode(take(n))
    if (n > bytes.length) flaw('message has a length that is not allowed')
    if (major === 4) return Array.from({ length: n }, () => item(depth + 1))
    const map = new Map()
    for (let i = 0; i < n; i++) {
      const key = item(depth + 1)
      if (typeof key !== 'string' || map.has(key)) flaw('message has a key twice, or one that is no text')
      map.set(key, item(depth + 1))
    }
    return Object.fromEntries(map)
  }
  const value = item(0)
  if (at !== bytes.length) flaw('bytes are left behind the message')
  return value
}

// ---------------------------------------------------------------- keys and signatures (docs/spec/01 §2, §5)

const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
/** The Ed25519 key that a peer ID is. */
function keyOf(peerId) {
  if (!/^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/.test(peerId)) flaw('no peer ID')
  let value = 0n
  for (const letter of peerId) value = value * 58n + BigInt(alphabet.indexOf(letter))
  const bytes = Buffer.from(value.toString(16).padStart(76, '0'), 'hex')
  if (bytes.length !== 38 || bytes.subarray(0, 6).toString('hex') !== '002408011220') flaw('no peer ID')
  return bytes.subarray(6)
}
const ed25519 = (raw) =>
  createPublicKey({
    key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]),
    format: 'der',
    type: 'spki',
  })
const isSigned = (raw, message, signature) =>
  signature.length === 64 && verify(null, message, ed25519(raw), signature)
const sha256 = (...parts) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** What a signed message says, once its signature by this peer under this domain was verified. */
function open(bytes, peerId, domain) {
  const { payload, signature } = decodeCbor(bytes)
  if (!(payload instanceof Uint8Array) || !(signature instanceof Uint8Array)) flaw('not a signed message')
  const message = Buffer.concat([Buffer.from(`${domain}\0`), payload])
  if (!isSigned(keyOf(peerId), message, signature)) flaw('the signature does not fit')
  return decodeCbor(payload)
}

// ---------------------------------------------------------------- certificates (docs/spec/01 §3, §4) and the log (11 §5)

function derLength(bytes, at) {
  if (bytes[at] !== 0x30 || at + 2 > bytes.length) flaw('no certificate')
  const first = bytes[at + 1]
  if (first < 128) return 2 + first
  const size = first & 127
  if (size === 0 || size > 3 || at + 2 + size > bytes.length) flaw('no certificate')
  return 2 + size + bytes.readUIntBE(at + 2, size)
}

function split(credential) {
  const leaf = derLength(credential, 0)
  const issuing = derLength(credential, leaf)
  if (leaf + issuing > credential.length) flaw('no certificate')
  return {
    leaf: credential.subarray(0, leaf),
    issuing: credential.subarray(leaf, leaf + issuing),
    evidence: credential.subarray(leaf + issuing),
  }
}

const isWithin = (certificate, at) =>
  Date.parse(certificate.validFrom) - toleranceMs <= at && at <= Date.parse(certificate.validTo) + toleranceMs

/** Who this peer is, by a certificate that held at this moment. Throws why not. */
function identify(credential, peerId, at, network, root) {
  const { leaf, issuing, evidence } = split(credential)
  const [node, ca] = [new X509Certificate(leaf), new X509Certificate(issuing)]
  if (!ca.ca || !ca.checkIssued(root) || !ca.verify(root.publicKey))
    flaw('the issuing certificate is not of this root')
  if (node.ca || !node.checkIssued(ca) || !node.verify(ca.publicKey))
    flaw('the certificate is not of this issuer')
  for (const [name, certificate] of Object.entries({ root, 'issuing certificate': ca, certificate: node }))
    if (!isWithin(certificate, at)) flaw(`the ${name} was not valid at ${new Date(at).toISOString()}`)
  const spki = node.publicKey.export({ format: 'der', type: 'spki' })
  if (!spki.subarray(-32).equals(keyOf(peerId)) || spki.length !== 44)
    flaw('the certificate is of another key')
  const uris = [...(node.subjectAltName ?? '').matchAll(/URI:(spiffe:[^,\s"]+)/g)].map(([, uri]) => uri)
  const [, domain, ura, peer] =
    /^spiffe:\/\/([^/]+)\/ura\/(\d{8})\/peer\/([1-9A-HJ-NP-Za-km-z]+)$/.exec(uris[0] ?? '') ?? []
  if (uris.length !== 1 || domain !== network.trustDomain || peer !== peerId)
    flaw('the certificate names another peer')
  const name = /^O=(.*)$/m.exec(node.subject)?.[1] ?? ''
  return { ura, name, log: logged(evidence, leaf, network) }
}

/** That the certificate stands in the log: the size of the tree, and how many others signed it. */
function logged(bytes, leaf, network) {
  if (bytes.length === 0) flaw('nothing shows that the certificate stands in the log')
  const evidence = decodeCbor(bytes)
  const line = JSON.parse(Buffer.from(evidence.leaf).toString('utf8'))
  if (line.act !== 'issued' || line.certificate !== Buffer.from(leaf).toString('base64'))
    flaw('the line of the log is about another certificate')
  const lines = evidence.checkpoint.split('\n')
  const [origin, size, root] = lines
  if (origin !== network.log.origin || lines[3] !== '') flaw('the checkpoint is of another log')
  const body = Buffer.from(`${lines.slice(0, 3).join('\n')}\n`)
  const signatures = lines
    .slice(4)
    .filter((each) => each !== '')
    .map((each) => {
      const [, name = '', text = ''] =
        /^\u2014 (\S+) (\S+)$/.exec(each) ?? flaw('the checkpoint cannot be read')
      return { name, bytes: Buffer.from(text, 'base64') }
    })
  const key = Buffer.from(network.log.publicKey, 'base64')
  const keyId = sha256(`${origin}\n`, Buffer.from([1]), key).subarray(0, 4)
  const own = signatures.filter(({ name }) => name === origin)
  const fits = ({ bytes: each }) => each.subarray(0, 4).equals(keyId) && isSigned(key, body, each.subarray(4))
  if (own.length === 0 || !own.every(fits)) flaw('the log did not sign the checkpoint')
  if (!leadsTo(evidence, Number(size), Buffer.from(root, 'base64')))
    flaw('the line does not stand in the log')
  const cosigners = signatures.filter(({ name }) => name !== origin)
  for (const { name, bytes: each } of cosigners) {
    if (each.length !== 76) flaw('a cosignature cannot be read')
    const message = Buffer.concat([Buffer.from(`cosignature/v1\ntime ${each.readBigUInt64BE(4)}\n`), body])
    if (!isSigned(keyOf(name), message, each.subarray(12)))
      flaw('a cosignature of the checkpoint does not fit')
  }
  return { size: Number(size), cosigners: new Set(cosigners.map(({ name }) => name)).size }
}

/** RFC 9162 §2.1.3.2. */
function leadsTo({ leaf, index, path }, size, root) {
  if (!Number.isSafeInteger(size) || index >= size) return false
  let [fn, sn] = [index, size - 1]
  let hash = sha256(Buffer.from([0]), leaf)
  for (const step of path) {
    if (sn === 0) return false
    if (fn % 2 === 1 || fn === sn) {
      hash = sha256(Buffer.from([1]), step, hash)
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)]
    } else hash = sha256(Buffer.from([1]), hash, step)
    ;[fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)]
  }
  return sn === 0 && hash.equals(root)
}

// ---------------------------------------------------------------- DICOM files (PS3.10)

/** SOP Instance UID and the SHA-256 of the data set behind the file meta information; undefined for another file. */
function readDicom(file) {
  const bytes = readFileSync(file)
  if (bytes.length < 144 || bytes.toString('latin1', 128, 132) !== 'DICM') return undefined
  let at = 132
  let uid = ''
  while (at + 8 <= bytes.length && bytes.readUInt16LE(at) === 2) {
    const isLong = /^(OB|OW|OF|SQ|UT|UN)$/.test(bytes.toString('latin1', at + 4, at + 6))
    const header = isLong ? 12 : 8
    const length = isLong ? bytes.readUInt32LE(at + 8) : bytes.readUInt16LE(at + 6)
    if (at + header + length > bytes.length) return undefined
    if (bytes.readUInt16LE(at + 2) === 3)
      uid = bytes.toString('latin1', at + header, at + header + length).replace(/[\0 ]+$/, '')
    at += header + length
  }
  return { uid, sha256: sha256(bytes.subarray(at)).toString('hex') }
}

function* filesIn(folder, depth = 0) {
  if (depth > 16) return
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* filesIn(path, depth + 1)
    else if (entry.isFile() && statSync(path).size <= mostBytes * 8) yield path
  }
}

// ---------------------------------------------------------------- what the messages say together

class Report {
  failed = 0
  proven = 0
  say(what, text) {
    if (what === 'FAILED') this.failed++
    if (what === 'PROVEN') this.proven++
    stdout.write(`${what.padEnd(9)} ${text}\n`)
  }
  /** What `work` says is proven; what it throws is not. */
  prove(about, work) {
    try {
      const text = work()
      this.say('PROVEN', `${about}: ${text}`)
      return true
    } catch (error) {
      this.say('FAILED', `${about}: ${error instanceof Flaw ? error.message : 'it cannot be read'}`)
      return false
    }
  }
}

const bytesOf = (text) => {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : flaw('not base64 as it should be')
}
const same = (what, one, other) => one === other || flaw(`it is of another ${what}`)
const hexOf = (bytes) => Buffer.from(bytes).toString('hex')
const time = (at) => new Date(at).toISOString()

function verifyProof(proof, root, folder, report) {
  const { network, studyInstanceUid, credentials } = proof
  const who = (peerId, at) => {
    let why = 'there is no certificate of it in this file'
    for (const credential of credentials[peerId] ?? []) {
      try {
        const { ura, name, log } = identify(bytesOf(credential), peerId, at, network, root)
        return `${name} (URA ${ura}; certificate in the log of ${log.size} lines, which ${log.cosigners} others signed)`
      } catch (error) {
        why = error instanceof Flaw ? error.message : 'its certificate cannot be read'
      }
    }
    return flaw(`who signed is not known: ${why}`)
  }
  const instances = new Map()
  for (const delivery of proof.deliveries) {
    const { kind, id, giver, receiver } = delivery
    const isPackage = kind !== 'retrieval'
    const digests = new Set(delivery.manifests.map((each) => hexOf(sha256(Buffer.from(each, 'base64')))))
    stdout.write(`\n${kind} ${id}\n`)
    for (const signed of delivery.manifests)
      report.prove('manifest', () => {
        const message = open(bytesOf(signed), giver, 'twiin/manifest/v1')
        same('giver', message.holder, giver)
        same('receiver', message.recipient, receiver)
        same('study', message.studyInstanceUid, studyInstanceUid)
        const by = who(giver, message.issuedAt)
        for (const { sopInstanceUid, sha256: digest } of message.instances)
          instances.set(sopInstanceUid, hexOf(digest))
        return `on ${time(message.issuedAt)} ${by} gave ${message.instances.length} instances of this study to ${receiver}`
      })
    if (delivery.request !== undefined)
      report.prove('request', () => {
        const message = open(bytesOf(delivery.request), receiver, 'twiin/request/v1')
        same('giver', message.holder, giver)
        same('study', message.studyInstanceUid, studyInstanceUid)
        same('transfer', hexOf(isPackage ? message.package : message.job), id)
        const by = who(receiver, message.issuedAt)
        const asked = `on ${time(message.issuedAt)} ${by} asked for this study`
        const { user, purpose } = message
        return user === undefined ? asked : `${asked}, for ${user.name} (${user.role}): ${purpose.reason}`
      })
    if (delivery.offer !== undefined)
      report.prove('offer', () => {
        const message = open(bytesOf(delivery.offer), giver, 'twiin/offer/v1')
        same('giver', message.sender, giver)
        same('receiver', message.recipient, receiver)
        same('package', hexOf(message.package), id)
        if (!message.studies.some((study) => study.studyInstanceUid === studyInstanceUid))
          flaw('it is of another study')
        return `on ${time(message.issuedAt)} ${who(giver, message.issuedAt)} offered this study`
      })
    if (delivery.receipt !== undefined)
      report.prove('receipt', () => {
        const message = open(bytesOf(delivery.receipt), receiver, 'twiin/receipt/v1')
        same('giver', message.sender, giver)
        same('receiver', message.recipient, receiver)
        same('package', hexOf(message.package), id)
        if (digests.size > 0 && !message.manifests.some((each) => digests.has(hexOf(each))))
          flaw('it names another manifest')
        return `on ${time(message.issuedAt)} ${who(receiver, message.issuedAt)} stated "${message.state}", ${message.instances} instances`
      })
  }
  if (folder !== undefined) compareFiles(folder, instances, report)
}

function compareFiles(folder, instances, report) {
  stdout.write(`\nfiles in ${folder}\n`)
  const found = new Map()
  let others = 0
  for (const file of filesIn(folder)) {
    const read = readDicom(file)
    if (read === undefined || !instances.has(read.uid)) others++
    else if (found.get(read.uid) !== true) found.set(read.uid, read.sha256 === instances.get(read.uid))
  }
  const altered = [...found].filter(([, isSame]) => !isSame).map(([uid]) => uid)
  const absent = [...instances.keys()].filter((uid) => !found.has(uid))
  const good = found.size - altered.length
  if (good > 0)
    report.say(
      'PROVEN',
      `${good} of ${instances.size} data sets are here, byte for byte as the manifest says`,
    )
  for (const uid of altered)
    report.say('FAILED', `${uid} is not as it was given (numbers may have been changed when it was filed)`)
  if (absent.length > 0) report.say('FAILED', `${absent.length} of ${instances.size} data sets are not here`)
  if (others > 0) report.say('NOT SHOWN', `${others} other files: nothing in this proof is about them`)
}

// ---------------------------------------------------------------- command line

function options(words) {
  const given = { file: undefined, root: undefined, dicom: undefined }
  for (let at = 0; at < words.length; at++) {
    if (words[at] === '--root') given.root = words[++at]
    else if (words[at] === '--dicom') given.dicom = words[++at]
    else if (given.file === undefined && !words[at].startsWith('--')) given.file = words[at]
    else return undefined
  }
  return given.file === undefined ? undefined : given
}

function main() {
  const given = options(argv.slice(2))
  if (given === undefined) {
    stderr.write('usage: node verify-proof.mjs PROOF.json [--root ROOT.pem] [--dicom FOLDER]\n')
    return 2
  }
  let proof
  let root
  try {
    if (statSync(given.file).size > mostBytes) flaw('too large')
    proof = JSON.parse(readFileSync(given.file, 'utf8'))
    if (proof.format !== 'twiin-proof/1' || !Array.isArray(proof.deliveries)) flaw('not a proof')
    root = new X509Certificate(
      given.root === undefined ? proof.network.rootCertificate : readFileSync(given.root),
    )
    if (!root.ca || !root.verify(root.publicKey)) flaw('no root')
  } catch {
    stderr.write('this is no proof of a delivery, or its root certificate cannot be read\n')
    return 2
  }
  const report = new Report()
  stdout.write(`study ${proof.studyInstanceUid}\nroot  SHA-256 ${root.fingerprint256}\n`)
  try {
    verifyProof(proof, root, given.dicom, report)
  } catch {
    report.say('FAILED', 'the file does not have the form of a proof')
  }
  stdout.write('\n')
  if (given.root === undefined)
    report.say('NOT SHOWN', 'that this root is the authority’s: compare its SHA-256, or give it with --root')
  report.say(
    'NOT SHOWN',
    'that no key had been stolen, and no certificate revoked, at that time: the authority’s log tells',
  )
  report.say('NOT SHOWN', 'whom the study is about, and what was decided on it')
  const isGood = report.failed === 0 && report.proven > 0
  stdout.write(`\n${isGood ? 'The proof holds.' : 'The proof does NOT hold.'}\n`)
  return isGood ? 0 : 1
}

process.exitCode = main()
