import { expect } from 'chai'
import { underLoad } from '../support/chaos.ts'
import { restarts } from '../support/faults.ts'
import { allReady, untilNotReady } from '../support/ready.ts'
import { type ReplayScene, replayScene } from '../support/replay-scene.ts'
import { stack } from '../support/stack.ts'
import { type TcpProxy, tcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'
import { WIRES, type Wire, withWires } from '../support/wires.ts'

const CUT_MS = 15_000
/** Cut at the same time: wires that lie apart, so that neither hides what the other does. */
const TOGETHER: Wire[][] = [
  ['aggregator-kafka', 'schema-registry-postgres'],
  ['connect-kafka', 'forecaster-kafka', 'aggregator-schema-registry'],
  ['ingest-api-postgres'],
  ['connect-postgres', 'dlq-replayer-kafka', 'dlq-replayer-postgres', 'dlq-replayer-aggregator'],
]
/** Who cannot do its part without the wire, and says so. */
const NOT_READY: Record<Wire, string> = {
  'aggregator-kafka': stack.aggregatorOps,
  'forecaster-kafka': stack.forecasterOps,
  'ingest-api-postgres': stack.ingestApiOps,
}

const queueAt = (address: string) => stack.database('replayer', 'replayer').replace(stack.postgres, address)

const RUN = { letters: 100, perSecond: 10, cutAt: 20 }

/** A run of the dlq-replayer's own, whose process has wires in some of its connections. */
async function replayOver(environment: Record<string, string>, scene: ReplayScene) {
  await scene.fail(RUN.letters)
  const service = await scene.own.start(environment)
  let isOver = false
  const goOn = scene.counting.holdAt(RUN.cutAt)
  const running = scene.run(RUN.perSecond)
  const over = () => {
    isOver = true
  }
  running.then(over, over)
  return {
    midway: () => until(() => scene.counting.handled() >= RUN.cutAt, { what: 'the run is behind its canary' }),
    /** Until then the run waits for the others, which may have begun later. */
    goOn,
    isOver: () => isOver,
    /** Every letter is handled once, by the process that began. */
    async ends() {
      await running
      expect(await service.stop()).to.equal(0)
    },
  }
}

describe('a network cut', () => {
  let wires: Record<Wire, TcpProxy>
  const closers: (() => Promise<void>)[] = []
  before(async function () {
    this.timeout(180_000)
    const wired = await withWires(WIRES)
    wires = wired.wires
    closers.push(wired.close)
  })
  after(async function () {
    this.timeout(180_000)
    for (const close of closers.reverse()) await close()
  })

  /** Runs of which each has another wire cut. */
  async function replays() {
    const scenes = await Promise.all([replayScene(), replayScene(), replayScene()])
    for (const { close } of scenes) closers.push(close)
    const [overKafka, overPostgres, overCounts] = scenes as [ReplayScene, ReplayScene, ReplayScene]
    const counts = await tcpProxy()
    closers.push(counts.close)
    counts.leadTo(Number(new URL(overCounts.counting.url).port))
    const at = (wire?: TcpProxy) => `127.0.0.1:${wire?.port}`
    const runs = await Promise.all([
      replayOver({ KAFKA_BROKERS: at(wires['dlq-replayer-kafka']) }, overKafka),
      replayOver({ QUEUE_DATABASE_URL: queueAt(at(wires['dlq-replayer-postgres'])) }, overPostgres),
      replayOver({ AGGREGATOR_URL: `http://${at(counts)}` }, overCounts),
    ])
    await Promise.all(runs.map(({ midway }) => midway()))
    const [kafka, , answers] = runs
    /** A cut that is in hand does not need its queue: that run goes on later. */
    const goOnWhenCut = () => {
      kafka.goOn()
      answers.goOn()
    }
    return { runs, counts, goOnWhenCut }
  }

  async function cutFor15s(cut: TcpProxy[], names: Wire[], whenCut: () => void): Promise<void> {
    for (const wire of cut) wire.cut()
    whenCut()
    try {
      const mendAt = performance.now() + CUT_MS
      for (const name of names) if (NOT_READY[name]) await untilNotReady(NOT_READY[name])
      await until(() => performance.now() > mendAt, { what: 'the cut is over' })
    } finally {
      for (const wire of cut) wire.mend()
    }
  }

  it(`of ${CUT_MS / 1_000} s loses nothing and restarts nothing, between any two parts`, async function () {
    this.timeout(420_000)
    expect(TOGETHER.flat().sort()).to.deep.equal(WIRES.toSorted())
    await underLoad(async ({ more }) => {
      const before = await restarts()
      for (const names of TOGETHER) {
        const replaying = names.includes('dlq-replayer-kafka') ? await replays() : undefined
        const cut = names.map((name) => wires[name] as TcpProxy)
        await cutFor15s(replaying ? [...cut, replaying.counts] : cut, names, () => replaying?.goOnWhenCut())
        expect(replaying?.runs.some(({ isOver }) => isOver()) ?? false, 'a run was over before its wire was mended').to.equal(false)
        for (const { goOn } of replaying?.runs ?? []) goOn()
        await more(200)
        await allReady()
        for (const { ends } of replaying?.runs ?? []) await ends()
        expect(await restarts(), names.join()).to.deep.equal(before)
      }
    })
  })
})
