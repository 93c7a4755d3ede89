import path from 'node:path'
import { promisify } from 'node:util'
import sqlite3 from 'sqlite3'
import { digestOf, inLanes } from '../inputs.mjs'

async function one(file, i) {
  const db = new sqlite3.Database(file)
  const [exec, all, close] = [db.exec, db.all, db.close].map((call) => promisify(call.bind(db)))
  await exec(`PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA cache_size = -32768;
    CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, weight INTEGER, data BLOB);
    WITH RECURSIVE n(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < 20000)
    INSERT INTO item SELECT v, 'name-' || (v * ${7919 + i} % 100003), v * 31 % 977, zeroblob(v % 700) FROM n;
    CREATE INDEX by_name ON item(name);`)
  const rows = await all(`SELECT name, count(*) AS n, sum(weight) AS w, total(length(data)) AS b
    FROM item GROUP BY substr(name, 1, 8) ORDER BY name`)
  const sorted = await all('SELECT id, name FROM item ORDER BY weight, name LIMIT 5000')
  await close()
  return JSON.stringify([rows, sorted])
}

export default async function work(folder) {
  return digestOf(await inLanes(32, 8, (i) => one(path.join(folder, `${i}.db`), i)))
}
