// What holds the guarantees up: each mechanism, how to take it out, and the test that must notice.

export type Mutation = {
  /** What is taken out. */
  name: string
  file: string
  /** Stands in the file exactly once. */
  search: string
  replace: string
  /** `run` where the file with the title is not what mocha is given. */
  test: { file: string; title: string; run?: string }
}

const exactlyOnce = (title: string) => ({ file: 'aggregator/test/exactly-once.component.test.ts', title })
/** The suite that the in-memory log and Kafka both pass. */
const loop = (title: string) => ({ file: 'platform/test/support/consume.contract.ts', title, run: 'platform/test/consume.unit.test.ts' })
const killed = {
  file: 'aggregator/test/killed.component.test.ts',
  title: 'killed before any of its calls to DuckDB leaves whole transactions, and the next one completes the counts',
}

const MARK = 'await saveSeen(connection, memory, counted, countedAtMs)'
const SPLIT = "await connection.run('commit')\n    await connection.run('begin')"

export const MUTATIONS: Mutation[] = [
  {
    name: 'the seen-id check',
    file: 'aggregator/count/settle-slices.ts',
    search: 'if (known.counted.has(value.eventId) || counted.has(value.eventId)) duplicates += 1',
    replace: 'if (counted.has(value.eventId)) duplicates += 1',
    test: exactlyOnce('counts an event once that comes again at a later offset, also after a restart'),
  },
  {
    name: 'counts first, Kafka after: the position is committed before the transaction',
    file: 'platform/loop/chain.ts',
    search: '    const applied = await applyRecords(',
    replace: '    await consumer.commit(topic, number, next)\n    const applied = await applyRecords(',
    test: loop('stops the process past the deadline with nothing committed'),
  },
  {
    name: 'one transaction: ids are marked in one, counted in the next',
    file: 'aggregator/store/counts.ts',
    search: '  if (cells.length > 0) {',
    replace: `  if (cells.length > 0) {
    ${MARK}
    ${SPLIT}`,
    test: killed,
  },
  {
    name: 'one transaction: orders are counted in one, marked in the next',
    file: 'aggregator/store/counts.ts',
    search: MARK,
    replace: `${SPLIT}
    ${MARK}`,
    test: killed,
  },
  {
    name: 'the gap check',
    file: 'aggregator/count/settle-slices.ts',
    search: 'if (slice.from > position) return new OutOfPosition(position)',
    replace: '',
    test: exactlyOnce('refuses a slice behind a gap, and says where to go on'),
  },
  {
    name: 'the position stored with the counts',
    file: 'aggregator/store/counts.ts',
    search: 'if (positions.size > 0) {',
    replace: 'if (positions.size > 99) {',
    test: exactlyOnce('goes on from the stored position after a restart'),
  },
  {
    name: 'a position for partitions of which nothing was counted',
    file: 'aggregator/store/counts.ts',
    search: '  if (begun) return',
    replace: '  if (begun) void begun',
    test: {
      file: 'aggregator/test/exactly-once.component.test.ts',
      title: 'begins a new file where the log begins, and later knows of partitions of which nothing was ever counted',
    },
  },
  {
    name: 'the dedup window',
    file: 'aggregator/count/settle-slices.ts',
    search: 'if (faults.size > 0) return new RejectedRecords(faults)',
    replace: '',
    test: exactlyOnce('rejects an event that is older, and nothing of its slice counts'),
  },
  {
    name: 'what is remembered of dead letters',
    file: 'aggregator/count/settle-slices.ts',
    search: ' || known.deadLettered.has(eventId)) continue',
    replace: ') continue',
    test: exactlyOnce('counts an older event that it dead-lettered itself, once, however often it is replayed'),
  },
  {
    name: 'the confirmation of asOf by a later heartbeat',
    file: 'aggregator/as-of/as-of.ts',
    search: 'if (earlier.lsn > heartbeat.confirmedLsn) still.push(earlier)',
    replace: 'if (earlier.lsn > heartbeat.lsn) still.push(earlier)',
    test: {
      file: 'aggregator/test/as-of.unit.test.ts',
      title: 'confirms nothing while the confirmed position stands still, and the latest at once when it moves again',
    },
  },
  {
    name: 'asOf only behind the noted ends',
    file: 'aggregator/as-of/as-of.ts',
    search: 'if (nextOffset(partition) < end) return false',
    replace: 'if (nextOffset(partition) < 0n * end) return false',
    test: exactlyOnce('moves in the transaction in which the positions pass the noted ends, not before'),
  },
  {
    name: 'the end of a log is not the last stable offset',
    file: 'platform/kafkajs-fast/ends.ts',
    search: 'asked.getStore() ?',
    replace: 'asked.getStore() === undefined ?',
    test: {
      file: 'platform/test/support/record-log.contract.ts',
      title: 'tells the end of the log and, before it, the offset from which an open transaction keeps records from being read',
      run: 'platform/test/kafka-log.component.test.ts',
    },
  },
  {
    name: 'offsets without a record are passed',
    file: 'platform/kafka/consumer.ts',
    search: 'if (batchSize > 0 || stopping) return',
    replace: 'if (batchSize >= 0 || stopping) return',
    test: {
      file: 'platform/test/support/record-log.contract.ts',
      title: 'hands out a batch without records for the',
      run: 'platform/test/kafka-log.component.test.ts',
    },
  },
  {
    name: 'who waits for an open transaction has not stalled',
    file: 'platform/loop/watch.ts',
    search: 'partition.heldBack === undefined && ',
    replace: '',
    test: {
      file: 'platform/test/support/consume.contract.ts',
      title: 'waits for a transaction that is open, not ready and saying so, without taking the client for stalled',
      run: 'platform/test/consume.unit.test.ts',
    },
  },
  {
    name: 'asOf never back',
    file: 'aggregator/count/count-orders.ts',
    search: '(latest !== null && latest > state.asOf)',
    replace: 'latest !== null',
    test: exactlyOnce('never goes back, also after a restart'),
  },
  {
    name: 'the time of a heartbeat that is ahead of the own clock is not believed',
    file: 'aggregator/as-of/as-of.ts',
    search: 'return ahead > MAX_AHEAD_MS ? ahead : 0',
    replace: 'return ahead > MAX_AHEAD_MS ? 0 : 0',
    test: {
      file: 'aggregator/test/follow-as-of.unit.test.ts',
      title: 'never aims at the time of a heartbeat that is ahead of the own clock, and says so until the clocks agree again',
    },
  },
  {
    name: 'ids are forgotten by the earlier of two clocks',
    file: 'aggregator/count/count-orders.ts',
    search: 'firstTsidAt(Math.min(Number(asOf / 1000n), nowMs) - dedupWindowMs)',
    replace: 'firstTsidAt(Number(asOf / 1000n) - dedupWindowMs)',
    test: {
      file: 'aggregator/test/exactly-once.component.test.ts',
      title: 'forgets no ids while one of two clocks is far ahead: the own one, or that of the database',
    },
  },
  {
    name: 'minutes are folded by the earlier of two clocks',
    file: 'aggregator/store/maintain-counts.ts',
    search: 'Math.min(Number(asOf / 1000n), clock.now())',
    replace: 'Math.max(Number(asOf / 1000n), clock.now())',
    test: {
      file: 'aggregator/test/past.component.test.ts',
      title: 'stay minutes while one of two clocks is far ahead: the own one, or that of the database',
    },
  },
  {
    name: 'revisions that outgrow those of an older file',
    file: 'aggregator/count/count-orders.ts',
    search: 'return now > before ? now : before + 1n',
    replace: 'return now > before + 1n ? before + 1n : before + 1n',
    test: {
      file: 'aggregator/test/publish.component.test.ts',
      title: 'leaves a reader of the topic with the counts, also when the file was replaced by an older one',
    },
  },
  {
    name: 'what is to be published, stored with the counts',
    file: 'aggregator/store/counts.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source's own template
    search: 'published_up_to = greatest(published_up_to, ${change.publishedUpTo})',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source's own template
    replace: 'published_up_to = ${revision}',
    test: {
      file: 'aggregator/test/publish.component.test.ts',
      title: 'sends after a crash what was counted before it, and what was acknowledged not again',
    },
  },
  {
    name: 'the check of sums for 64 bits',
    file: 'aggregator/store/columns.ts',
    search: 'if (BigInt.asIntN(64, revenueMinor) === revenueMinor) return revenueMinor',
    replace: 'if (revenueMinor) return revenueMinor',
    test: exactlyOnce('fails alone with a sum beyond 64 bits, and counts nothing of it'),
  },
  {
    name: 'the acknowledged letter before the position',
    file: 'platform/loop/dead-letters.ts',
    search: 'await recordLog.append(topic, letters)',
    replace: 'void recordLog.append(topic, letters).catch(() => {})',
    test: loop('stops when a dead letter is not acknowledged, with nothing committed past it'),
  },
  {
    name: 'the limit of dead letters',
    file: 'platform/loop/dead-letters.ts',
    search: 'if (over) throw new StopProcess(tooMany(over, topic, fresh))',
    replace: 'if (over) tooMany(over, topic, fresh)',
    test: loop('stops before it writes the letters when too many records in a row fail, and commits nothing past them'),
  },
  {
    name: 'what is away while a batch is bisected is no poison',
    file: 'platform/loop/bisect.ts',
    search: '!isAboutRecords(error) || ',
    replace: '',
    test: {
      file: 'platform/test/outage-while-bisecting.unit.test.ts',
      title: 'blames no record: the bisection begins again, and the poison record alone is dead-lettered',
    },
  },
  {
    name: 'nothing more is fetched while the buffer is full',
    file: 'platform/records/buffer-gate.ts',
    search: 'if (shut === buffered > maxBuffered) return',
    replace: 'return',
    test: {
      file: 'platform/test/support/record-log.contract.ts',
      title: 'fetches nothing more while more records are in hand than may be, and goes on when they are done',
      run: 'platform/test/memory-log.unit.test.ts',
    },
  },
  {
    name: 'nothing more for a revoked partition',
    file: 'platform/loop/chain.ts',
    search: 'if (!batch.owned()) throw REVOKED',
    replace: 'if (!batch.owned()) return',
    test: loop('commits nothing for a partition that was revoked meanwhile'),
  },
  {
    name: 'a replay for the group that failed alone',
    file: 'platform/loop/decode.ts',
    search: 'if (isForOthers(record, group)) decoded',
    replace: "if (isForOthers(record, '')) decoded",
    test: loop('ignores a replay that is addressed to another group, and handles one for its own'),
  },
  {
    name: 'replays are no part of the limit of dead letters',
    file: 'platform/loop/dead-letters.ts',
    search: 'if (isReplay(record)) over = replayed(isHandled) ?? over',
    replace: 'if (false) over = replayed(isHandled) ?? over',
    test: {
      file: 'dlq-replayer/test/still-failing.unit.test.ts',
      title: 'stops neither its group nor a live order, and ends with a true tally',
    },
  },
  {
    name: 'the bound of replays that fail in a row',
    file: 'platform/loop/dead-letters.ts',
    search: 'if (replaysInARow <= most) return undefined',
    replace: 'if (most > 0) return undefined',
    test: {
      file: 'platform/test/dead-letters.unit.test.ts',
      title: 'ends replayed records too, when so many fail in a row that no run can have sent them',
    },
  },
  {
    name: 'the pause of a run of which too little is known',
    file: 'dlq-replayer/worker/hold-run.ts',
    search: 'if (pause === undefined) return',
    replace: 'if (pause !== undefined) return',
    test: {
      file: 'dlq-replayer/test/run-brake.unit.test.ts',
      title: 'pause it when of most nobody knows what became of them, with the reason, until somebody resumes it',
    },
  },
  {
    name: 'the canary',
    file: 'dlq-replayer/worker/run-brake.ts',
    search: "if (cut > 0 && failed > 0 && among(tally, ['counted', 'handled']) < canary) return 'canary-failed'",
    replace: '',
    test: { file: 'dlq-replayer/test/run.unit.test.ts', title: 'stops behind a canary that fails' },
  },
  {
    name: 'a letter is counted by its own replay',
    file: 'dlq-replayer/worker/verify-replays.ts',
    search: 'replay?.run === run && replay.letter === positionText(letter) ?',
    replace: 'replay?.run !== null ?',
    test: { file: 'dlq-replayer/test/run.unit.test.ts', title: 'counts an event once, however many letters it has' },
  },
  {
    name: 'what is newer is written once more behind a replay into a compacted topic',
    file: 'dlq-replayer/worker/replay-loads.ts',
    search: 'if (compacted) await putRight(dlq.topic, letters, replays)',
    replace: '',
    test: {
      file: 'dlq-replayer/test/compacted.unit.test.ts',
      title: 'leaves what came meanwhile as the last record of its key, however much comes',
    },
  },
  {
    name: 'a decision after its run was cancelled is none',
    file: 'dlq-replayer/ledger/ledger.ts',
    search: ' && mayStillSettle(run)',
    replace: '',
    test: { file: 'dlq-replayer/test/decisions.unit.test.ts', title: 'that comes after its run was cancelled is none' },
  },
  {
    name: 'the bound of letters that are out',
    file: 'dlq-replayer/worker/replay-loads.ts',
    search: 'await out.until((letters) => letters + count <= Math.max(count, most))',
    replace: '',
    test: { file: 'dlq-replayer/test/run-brake.unit.test.ts', title: 'let no more out than MAX_LAG, at whatever rate' },
  },
  {
    name: 'the bound of a patch’s time',
    file: 'dlq-replayer/mend/node-patch.ts',
    search: 'setTimeout(() => setImmediate(() => late.abort()), ms)',
    replace: 'setTimeout(() => late.abort(), ms * 1000)',
    test: { file: 'dlq-replayer/test/patch.unit.test.ts', title: 'is ended when it takes too long over a letter' },
  },
  {
    name: 'the bound of a patch’s memory',
    file: 'dlq-replayer/mend/node-patch.ts',
    search: 'resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },',
    replace: '',
    test: { file: 'dlq-replayer/test/patch.unit.test.ts', title: 'is ended when it takes more than 256 MB' },
  },
  {
    name: 'the token of the board',
    file: 'dlq-replayer/worker/bullmq-board.ts',
    search: 'timingSafeEqual(digest(given), digest(token))',
    replace: 'timingSafeEqual(digest(given), digest(given || token))',
    test: {
      file: 'dlq-replayer/test/bullmq-cuts.component.test.ts',
      title: 'are shown on the board to whoever knows the token, and cannot be changed there unless that was asked for',
    },
  },
  {
    name: 'the board that only reads',
    file: 'dlq-replayer/worker/bullmq-board.ts',
    search: '!write && !READING.includes',
    replace: '!write && READING.length === 0 && !READING.includes',
    test: {
      file: 'dlq-replayer/test/bullmq-cuts.component.test.ts',
      title: 'are shown on the board to whoever knows the token, and cannot be changed there unless that was asked for',
    },
  },
  {
    name: 'the reservation of the node lease',
    file: 'ingest-api/ids/leased-ids.ts',
    search: 'if (minting.lastMs > minting.untilMs) throw',
    replace: 'if (minting.lastMs < 0) throw',
    test: { file: 'ingest-api/test/leased-ids.unit.test.ts', title: 'are not minted behind the reservation by a process that was paused' },
  },
  {
    name: 'the token that is taken',
    file: 'ingest-api/admission/memory-rate-limits.ts',
    search: 'fullAt.set(bucket, taken.fullAt)',
    replace: '',
    test: {
      file: 'ingest-api/test/redis-rate-limits.component.test.ts',
      title: 'never gives the same token twice, however many ask at once',
    },
  },
  {
    name: 'no event for an order that was there before',
    file: 'ingest-api/orders/insert-orders.sql',
    search: 'from input join inserted using (id)',
    replace: 'from input',
    test: {
      file: 'ingest-api/test/postgres-orders.component.test.ts',
      title: 'counts as created what was committed though the answer was lost, and writes it once',
    },
  },
  {
    name: 'what each change added, for the answers of the past',
    file: 'aggregator/store/maintenance.ts',
    search: "await connection.run('insert into changes from packed')",
    replace: '',
    test: {
      file: 'aggregator/test/past.component.test.ts',
      title: 'give the answer of then, at every kept instant, also after late orders, a restart and packing',
    },
  },
  {
    name: 'what is summed up is not added once more',
    file: 'aggregator/store/maintenance.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source's own template
    search: 'await connection.run(`update absorbed set revision = ${revision}`)',
    replace: '',
    test: {
      file: 'aggregator/test/past.component.test.ts',
      title: 'stay what they are when they are summed up, row by row or anew, and folded or taken back meanwhile',
    },
  },
  {
    name: 'no answer kept from before a newer one was told',
    file: 'aggregator/answer/keep-answers.ts',
    search: '!isOlder(answer.asOf, told)',
    replace: 'true',
    test: { file: 'aggregator/test/past.component.test.ts', title: 'never say an asOf older than one that was told before' },
  },
  {
    name: 'late orders of folded minutes count into the hour',
    file: 'aggregator/count/settle-slices.ts',
    search: 'newFold(standing.foldedBelow)',
    replace: 'newFold()',
    test: {
      file: 'aggregator/test/past.component.test.ts',
      title: 'fold into hours: hours and days stay equal, late orders count into the hour, and minutes are refused there',
    },
  },
  {
    name: 'zeros for minutes that were folded away',
    file: 'aggregator/publish/changes.ts',
    search: 'from page p left join sums c',
    replace: 'from page p join sums c',
    test: {
      file: 'aggregator/test/publish.component.test.ts',
      title: 'leaves a reader of the topic with whole hours once minutes are folded: what is gone has zeros',
    },
  },
  {
    name: 'a rebuild waits for the counts to stand where it stands',
    file: 'aggregator/rebuild/rebuild-counts.ts',
    search: 'reached(partition) >= next(partition)',
    replace: 'true',
    test: {
      file: 'aggregator/test/rebuild.component.test.ts',
      title: 'makes wrong counts right while orders go on and readers are answered, and asOf never goes back',
    },
  },
  {
    name: 'a rebuild leaves alone what the topic does not hold',
    file: 'aggregator/rebuild/rebuild-counts.ts',
    search: 'from: completeFrom, starts',
    replace: 'from: 0, starts',
    test: {
      file: 'aggregator/test/rebuild.component.test.ts',
      title: 'keeps older buckets as they are once the topic does not hold all of their orders',
    },
  },
  {
    name: 'a rebuild mends in one transaction',
    file: 'aggregator/rebuild/repair.ts',
    search: 'return await transaction(connection, async () => {',
    replace: 'return await (async (_: unknown, work: () => Promise<number>) => work())(connection, async () => {',
    test: {
      file: 'aggregator/test/rebuild.component.test.ts',
      title: 'that fails at any of its steps leaves the counts as they were, which go on',
    },
  },
  {
    name: 'a dead letter that a rebuild counted is counted',
    file: 'aggregator/rebuild/repair.ts',
    search: 'where f.event_id = d.event_id and d.counted_at is null`)',
    replace: 'where f.event_id = d.event_id and false`)',
    test: {
      file: 'aggregator/test/rebuild.component.test.ts',
      title: 'that counts a dead letter leaves nothing to a replay of it, however late that comes',
    },
  },
  {
    name: 'a corrupt file ends the process',
    file: 'platform/duckdb/faults.ts',
    search: '|Corrupt database file',
    replace: '',
    test: {
      file: 'aggregator/test/damaged.component.test.ts',
      title: 'found corrupt while it is open ends the process: waiting would not help',
    },
  },
  {
    name: 'an append that failed is taken back',
    file: 'platform/duckdb/append.ts',
    search: '    appender.clear()\n',
    replace: '',
    test: {
      file: 'platform/test/duckdb.component.test.ts',
      title: 'takes in nothing of an append that failed, also when what appended is collected as garbage',
    },
  },
  {
    name: 'no more of a file in this process after a commit that failed',
    file: 'platform/duckdb/file.ts',
    search: 'if (fault) abandon(connection)',
    replace: 'if (fault) void abandon',
    test: {
      file: 'platform/test/duckdb.component.test.ts',
      title: 'is left as it is once a commit failed for lack of memory: what is in memory may be wrong then',
    },
  },
  {
    name: 'a question that takes too long is interrupted',
    file: 'platform/duckdb/snapshots.ts',
    search: 'late = true',
    replace: 'late = false',
    test: { file: 'aggregator/test/reading.component.test.ts', title: 'is given up when it takes too long, with 503' },
  },
  {
    name: 'the bound of snapshots at once',
    file: 'platform/duckdb/snapshots.ts',
    search: 'const AT_ONCE = 2',
    replace: 'const AT_ONCE = 99',
    test: { file: 'platform/test/snapshots.component.test.ts', title: 'leave the writer a thread, however many of them do not end' },
  },
  {
    name: 'logical messages are left out',
    file: 'connectors/order-outbox.json',
    search: '"message.prefix.exclude.list": "(?s).*"',
    replace: '"message.prefix.exclude.list": "none"',
    test: {
      file: 'connectors/test/logical-messages.component.test.ts',
      title: 'do not stop the capture: what comes behind arrives, and the slot moves on',
    },
  },
  {
    name: 'no role may write logical messages',
    file: 'ingest-api/database/set-up.ts',
    search: 'await refuseLogicalMessages(client)',
    replace: 'void refuseLogicalMessages',
    test: {
      file: 'ingest-api/test/privileges.component.test.ts',
      title: 'may not write logical messages, which the connector would have to take in whole',
    },
  },
  {
    name: 'an encoding of that name alone',
    file: 'ingest-api/http/body.ts',
    search: 'Object.hasOwn(INFLATE, encoding) ? INFLATE[encoding] : undefined',
    replace: 'INFLATE[encoding]',
    test: { file: 'ingest-api/test/http-malformed.component.test.ts', title: 'is answered with 415 on both paths' },
  },
  {
    name: 'a recovery sends no less than the gap',
    file: 'connectors/resend/gap-start.ts',
    search: 'if (since > first) throw',
    replace: 'if (false) throw',
    test: {
      file: 'connectors/test/recover-connector.unit.test.ts',
      title: 'refuses a FROM behind the beginning of the gap, names the stored position and the FROM to type, and touches nothing',
    },
  },
  {
    name: 'a healthy slot is dropped only when confirmed',
    file: 'connectors/resend/gap-start.ts',
    search: 'if (!lost) await ports.confirm',
    replace: 'if (false) await ports.confirm',
    test: {
      file: 'connectors/test/recover-connector.unit.test.ts',
      title: 'drops a slot that has lost nothing only when that is confirmed',
    },
  },
]
