// A leak of the first kind: Buffers that a Map keeps. Each login leaves an avatar in `sessions`, and no logout takes it
// out. `npx superslab run --profile=sessions.html --profile-exact -- node sessions.mjs [logins]`
const AVATAR_BYTES = 64 * 1024

const sessions = new Map()

function decodeAvatar(text) {
  return Buffer.alloc(AVATAR_BYTES, text)
}

async function login(user) {
  await null // here a server would ask its database
  sessions.set(`${user}-${sessions.size}`, { user, avatar: decodeAvatar(user) })
}

function checksum(user) {
  // Memory that comes and goes: in the graph of what was allocated, not in that of what is in use.
  return decodeAvatar(user).reduce((sum, byte) => (sum + byte) % 65521, 0)
}

const count = Number(process.argv[2] ?? 1000)
let sum = 0
for (let i = 0; i < count; i++) {
  await login(`user${i % 100}`)
  if (i % 10 === 0) sum += checksum(`user${i}`)
}
console.log(`sessions: ${sessions.size}, checksum: ${sum}`)
