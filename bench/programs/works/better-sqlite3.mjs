import path from 'node:path'
import Database from 'better-sqlite3'
import { digestOf, randomNumbers } from '../inputs.mjs'

export default async function work(folder) {
  const random = randomNumbers(3)
  const db = new Database(path.join(folder, 'items.db'))
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = OFF')
  db.pragma('cache_size = -65536')
  db.exec('CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, weight REAL, data BLOB)')
  const insert = db.prepare('INSERT INTO item VALUES(?, ?, ?, zeroblob(?))')
  db.transaction(() => {
    for (let id = 1; id <= 200_000; id++)
      insert.run(id, `name-${(random() * 1e9) | 0}`, random(), (random() * 500) | 0)
  })()
  db.exec('CREATE INDEX by_name ON item(name)')
  const rows = db.prepare('SELECT id, name, length(data) AS n FROM item ORDER BY weight').all()
  const top = db
    .prepare('SELECT substr(name, 1, 7) AS k, count(*) AS n, sum(weight) AS w FROM item GROUP BY k')
    .all()
  db.close()
  return digestOf([JSON.stringify(rows.slice(0, 5000)), JSON.stringify(top)])
}
