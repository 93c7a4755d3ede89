// npm run build:prebuilds: what the package ships for this platform, made through binding.gyp.
import { copyFileSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { build } from './build.mjs'
import { root, step, tool } from './run.mjs'

const prebuilt = path.join(root, 'prebuilds', `${process.platform}-${process.arch}`)
const release = path.join(root, 'build', 'Release')

const options = ['--napi', '--strip', '--target', process.version]
step('prebuild', process.execPath, [tool('prebuildify/bin.js'), ...options])
mkdirSync(prebuilt, { recursive: true })
copyFileSync(
  path.join(release, 'superslab_tls_dynamic.node'),
  path.join(prebuilt, 'superslab_tls_dynamic.node'),
)
// gyp builds in a folder of its own choice and clears it: the rest is built after it.
build()
const preload = `libsuperslab.${process.platform === 'darwin' ? 'dylib' : 'so'}`
for (const name of ['superslab-bench', preload])
  copyFileSync(path.join(release, name), path.join(prebuilt, name))

// As prebuildify does to the addon it knows of.
const strip = process.platform === 'darwin' ? '-Sx' : '--strip-all'
for (const name of ['superslab_tls_dynamic.node', 'superslab-bench', preload])
  step(`strip ${name}`, process.env.STRIP ?? 'strip', [strip, path.join(prebuilt, name)])
