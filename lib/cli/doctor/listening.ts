import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** A TCP socket on which a process accepts connections. */
export interface Listener {
  port: number
  /** The address to connect to. */
  host: string
}

/** State 0A of the kernel's tables. */
const listening = '0A'
/** Node's debugger answers requests too, but none of them is the program's work. */
const debuggerPort = 9229

/** The sockets on which one of the processes listens, the debugger's last. */
export function listeners(pids: readonly number[]): Listener[] {
  const inodes = new Set(pids.flatMap(socketsOf))
  const [pid] = pids
  if (pid === undefined || inodes.size === 0) return []
  const found = new Map<number, Listener>()
  for (const [name, parse] of [['tcp', ipv4] as const, ['tcp6', ipv6] as const])
    for (const { port, address, inode } of table(pid, name))
      if (inodes.has(inode) && !found.has(port)) found.set(port, { port, host: parse(address) })
  return [...found.values()].toSorted((a, b) => rank(a.port) - rank(b.port))
}

function rank(port: number): number {
  return port === debuggerPort ? 1 << 16 : port
}

/** The inodes of a process's sockets; none if it has ended or is another user's. */
function socketsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`
  try {
    return readdirSync(folder).flatMap((name) => linkOf(`${folder}/${name}`) ?? [])
  } catch {
    return []
  }
}

function linkOf(file: string): string | undefined {
  try {
    return readlinkSync(file).match(/^socket:\[(\d+)\]$/)?.[1]
  } catch {
    return undefined
  }
}

interface Row {
  address: string
  port: number
  inode: string
}

/** The listening sockets of the process's network namespace. */
function table(pid: number, name: string): Row[] {
  try {
    return parseTable(readFileSync(`/proc/${pid}/net/${name}`, 'utf8'))
  } catch {
    return []
  }
}

export function parseTable(text: string): Row[] {
  const rows = text.split('\n').slice(1)
  return rows.flatMap((line) => {
    const fields = line.trim().split(/\s+/)
    const [address, port] = fields[1]?.split(':') ?? []
    const inode = fields[9]
    if (fields[3] !== listening || !address || !port || !inode) return []
    return [{ address, port: Number.parseInt(port, 16), inode }]
  })
}

/** The kernel writes each word of an address as a number, so its bytes are in the machine's order. */
export function ipv4(address: string): string {
  const bytes = Buffer.from(address, 'hex').reverse()
  return bytes.every((byte) => byte === 0) ? '127.0.0.1' : bytes.join('.')
}

export function ipv6(address: string): string {
  const words = address.match(/.{8}/g) ?? []
  const bytes = Buffer.concat(words.map((word) => Buffer.from(word, 'hex').reverse()))
  if (bytes.every((byte) => byte === 0)) return '::1'
  return (bytes.toString('hex').match(/.{4}/g) ?? []).join(':')
}
