// Rules are generated from the manifests: a workspace may import what its own package.json declares,
// each external library has one owner, arrows only point down, and nothing goes in a circle.
const { readFileSync, readdirSync, existsSync } = require('node:fs')
const { join } = require('node:path')

const root = __dirname
const dirs = [
  ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}`),
  'node',
  'node/ui',
  'registry',
  'registry/ui',
].filter((dir) => existsSync(join(root, dir, 'package.json')))
const manifests = dirs.map((dir) => ({
  dir,
  ...JSON.parse(readFileSync(join(root, dir, 'package.json'), 'utf8')),
}))
const dirOf = Object.fromEntries(manifests.map((m) => [m.name, m.dir]))
const workspaces = '^(packages/[^/]+|node|registry|node/ui|registry/ui)/src/'

/** One owner per external library: who may import it. */
const owners = {
  'packages/network': ['libp2p', '@libp2p/', '@chainsafe/', '@multiformats/', 'it-pipe'],
  'packages/dicom': ['dcmjs', 'dicom-parser'],
  'packages/identity': ['node-forge', 'pkijs', '@peculiar/'],
  'packages/store': ['level', 'classic-level'],
  'packages/media': ['yauzl', '@zip.js/'],
  'packages/patient-token': ['@noble/curves', 'libsodium-wrappers-sumo'],
  'packages/protocol': ['cborg'],
  'packages/study-index': ['@noble/ciphers'],
  'packages/runtime': ['pino'],
  // Routes of the apps are written against the types of `@fastify/type-provider-typebox`.
  'packages/web': [
    'fastify',
    '@fastify/cookie',
    '@fastify/helmet',
    '@fastify/rate-limit',
    '@fastify/static',
    '@fastify/swagger',
    'otplib',
  ],
  'packages/document': ['pdfkit', 'fontkit', 'qrcode-generator'],
  node: ['@simplewebauthn/server', 'openid-client', 'nodemailer'],
  // Of Cornerstone the decoders alone are used by packages/pictures too.
  'node/ui': [
    '@simplewebauthn/browser',
    'uqr',
    '@cornerstonejs/core',
    '@cornerstonejs/tools',
    '@cornerstonejs/dicom-image-loader',
  ],
}

/** What only tests use, such as a second reader to compare with, stands in `devDependencies`. */
const declaredOnly = manifests.flatMap((m) => {
  const sourcesOf = (names) => names.filter((name) => dirOf[name]).map((name) => `^${dirOf[name]}/src/`)
  const declared = sourcesOf(Object.keys(m.dependencies ?? {}))
  const forTests = sourcesOf(Object.keys(m.devDependencies ?? {}))
  const own = `^${m.dir}/src/`
  return [
    {
      name: `declared-only:${m.name}`,
      severity: 'error',
      from: { path: own, pathNot: '\\.test\\.tsx?$' },
      to: { path: workspaces, pathNot: [own, ...declared] },
    },
    {
      name: `declared-only-in-tests:${m.name}`,
      severity: 'error',
      from: { path: `${own}.*\\.test\\.tsx?$` },
      to: { path: workspaces, pathNot: [own, ...declared, ...forTests] },
    },
  ]
})
const shopWindow = manifests.map((m) => ({
  name: `through-index:${m.name}`,
  severity: 'error',
  from: { pathNot: `^${m.dir}/` },
  to: { path: `^${m.dir}/src/`, pathNot: `^${m.dir}/src/((index|testing)\\.ts|styles/kit\\.css)$` },
}))
const oneOwner = Object.entries(owners).map(([dir, libraries]) => ({
  name: `one-owner:${dir}`,
  severity: 'error',
  from: { pathNot: [`^${dir}/`, '^(test|scripts)/'] },
  to: { path: libraries.map((library) => `node_modules/${library.endsWith('/') ? library : `${library}/`}`) },
}))

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'nothing-imports-tests',
      severity: 'error',
      from: { path: '^(packages|node|registry)/' },
      to: { path: '^(test|scripts)/' },
    },
    {
      name: 'testing-only-in-tests',
      severity: 'error',
      from: { path: workspaces, pathNot: ['\\.test\\.ts$', '/testing\\.ts$', '/testing/'] },
      to: { path: '/src/testing\\.ts$' },
    },
    ...declaredOnly,
    ...shopWindow,
    ...oneOwner,
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: join(root, 'tsconfig.json') },
    doNotFollow: { path: 'node_modules' },

    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
}
