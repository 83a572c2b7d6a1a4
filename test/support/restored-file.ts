// The aggregator's file taken away, given back, and changed by hand, while nobody has it open.
import { copyFileSync, existsSync, rmSync } from 'node:fs'
import { DuckDBInstance } from '@duckdb/node-api'
import { COUNTS_FILE } from './conservation.ts'
import { startService, stopDrained } from './faults.ts'

const WAL = `${COUNTS_FILE}.wal`
const COPY = `${COUNTS_FILE}.older`

const whileStopped = async (work: () => unknown) => {
  await stopDrained('aggregator')
  await work()
  await startService('aggregator')
}

export const keepCopy = () => whileStopped(() => copyFileSync(COUNTS_FILE, COPY))

export const restoreCopy = () =>
  whileStopped(() => {
    copyFileSync(COPY, COUNTS_FILE)
    rmSync(COPY)
  })

export const deleteFile = () =>
  whileStopped(() => {
    rmSync(COUNTS_FILE)
    if (existsSync(WAL)) rmSync(WAL)
  })

/** All that is counted is summed up first: the statement finds every bucket, once, in `summed`. */
export const changeCounts = (sql: string) =>
  whileStopped(async () => {
    const instance = await DuckDBInstance.create(COUNTS_FILE)
    const connection = await instance.connect()
    await connection.run('create or replace table summed as from counts; update absorbed set revision = (select revision from state)')
    await connection.run(sql)
    await connection.run('checkpoint')
    connection.closeSync()
    instance.closeSync()
  })

/** A bucket of a category that begins with the prefix, as `(minute, series)`. */
export const bucketOf = (prefix: string) =>
  `(select (minute, series) from counts join series on series = id where starts_with(category, '${prefix}') order by all limit 1)`
