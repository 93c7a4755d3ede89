// Installs what the tests of real programs need, where it can: as root, on Debian and its derivatives.
// A test whose program is still missing is skipped and says so.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { root, runs } from './run.mjs'

const packages = {
  python3: 'python3',
  'g++': 'g++',
  git: 'git',
  sqlite3: 'sqlite3',
  'redis-server': 'redis-server',
  'redis-benchmark': 'redis-tools',
  'lua5.4': 'lua5.4',
  chromium: 'chromium',
  supervisord: 'supervisor',
  cron: 'cron',
  php: 'php-cli php-gd php-intl php-mbstring php-sqlite3 php-xml',
  ruby: 'ruby',
  '/usr/lib/python3/dist-packages/numpy': 'python3-numpy',
  ffmpeg: 'ffmpeg',
  'convert-im6.q16': 'imagemagick',
  'clang++': 'clang',
  javac: 'default-jdk-headless',
  nginx: 'nginx-light',
  curl: 'curl',
  mariadbd: 'mariadb-server',
  '/usr/lib/postgresql': 'postgresql',
  soffice: 'libreoffice-writer-nogui',
}

function isInstalled(command) {
  return spawnSync('sh', ['-c', `command -v ${command} || test -e ${command}`]).status === 0
}

/** From npm, into build/supervisors. */
const supervisors = ['pm2@6']

function installSupervisors() {
  const folder = path.join(root, 'build/supervisors')
  if (existsSync(path.join(folder, 'node_modules/.bin/pm2'))) return
  const flags = ['--prefix', folder, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund']
  mkdirSync(folder, { recursive: true })
  if (!runs('npm', ['install', ...flags, ...supervisors])) console.error('pm2 is not installed')
}

export function installPrograms() {
  installSupervisors()
  const missing = Object.entries(packages).filter(([command]) => !isInstalled(command))
  if (missing.length === 0) return
  if (process.getuid?.() !== 0 || !isInstalled('apt-get')) {
    console.error('programs are not installed: that takes root and apt-get')
    return
  }
  runs('apt-get', ['update', '-qq'])
  const options = ['install', '-y', '-qq', '--no-install-recommends']
  // One at a time, so that a missing package does not prevent the others. No service is started.
  for (const [, name] of missing)
    runs('apt-get', [...options, ...name.split(' ')], {
      DEBIAN_FRONTEND: 'noninteractive',
      RUNLEVEL: '1',
    })
}
