// The programs, in the order of the table.

/**
 * @typedef {object} Program
 * @property {string} work the file works/WORK.mjs
 * @property {string} title its name in the table
 * @property {string[]} packages what is installed for it from the registry
 * @property {string[]} [compiled] those of them whose own install script must run, because their binary is not in the package
 * @property {boolean} [perRelease] whether that binary is for one release of Node only
 * @property {string[]} [commands] what else must be installed
 * @property {string[]} [build] a command of node that runs once after the installation
 */

/** @type {Program[]} */
export const programs = [
  { work: 'sharp', title: 'sharp, 8 threads', packages: ['sharp'] },
  {
    work: 'napi-canvas',
    title: '@napi-rs/canvas (mimalloc inside)',
    packages: ['@napi-rs/canvas'],
  },
  { work: 'canvas', title: 'canvas', packages: ['canvas'], compiled: ['canvas'] },
  {
    work: 'better-sqlite3',
    title: 'better-sqlite3',
    packages: ['better-sqlite3'],
    compiled: ['better-sqlite3'],
    perRelease: true,
  },
  { work: 'sqlite3', title: 'sqlite3', packages: ['sqlite3'], compiled: ['sqlite3'] },
  { work: 'lmdb', title: 'lmdb', packages: ['lmdb'] },
  { work: 'classic-level', title: 'classic-level', packages: ['classic-level'] },
  {
    work: 'duckdb',
    title: '@duckdb/node-api (jemalloc inside)',
    packages: ['@duckdb/node-api'],
  },
  { work: 'zlib', title: 'zlib and brotli on the pool', packages: [] },
  { work: 'argon2', title: 'argon2', packages: ['argon2@0.44'] },
  { work: 'zeromq', title: 'zeromq', packages: ['zeromq'] },
  {
    work: 'tree-sitter',
    title: 'tree-sitter',
    packages: ['tree-sitter', 'tree-sitter-javascript', 'typescript@5'],
    compiled: ['tree-sitter'],
  },
  {
    work: 'grpc',
    title: 'protobuf with grpc-js',
    packages: ['@grpc/grpc-js', '@grpc/proto-loader'],
  },
  {
    work: 'swc',
    title: '@swc/core',
    packages: ['@swc/core', 'react-dom@19'],
  },
  {
    work: 'rspack',
    title: '@rspack/core (mimalloc inside)',
    packages: ['@rspack/core', 'react@19', 'react-dom@19'],
  },
  {
    work: 'next',
    title: 'next, server side rendering',
    packages: ['next', 'react@19', 'react-dom@19'],
    build: ['node_modules/next/dist/bin/next', 'build', 'programs/next-app'],
  },
  { work: 'tsc', title: 'tsc (no native code)', packages: ['typescript@5', '@types/node@20'] },
  { work: 'vitest', title: 'vitest, threads', packages: ['vitest'] },
  { work: 'express', title: 'Express, uploads', packages: ['express@5', 'multer@2'] },
  {
    work: 'puppeteer',
    title: 'puppeteer driving Chromium (with the browser)',
    packages: ['puppeteer-core'],
    commands: ['chromium'],
  },
]
