import { join } from 'node:path'
import { underLoad } from '../support/chaos.ts'
import { startService } from '../support/faults.ts'
import { allReady, untilNotReady } from '../support/ready.ts'
import { canMount, type SmallDisk, smallDisk } from '../support/small-disk.ts'
import { stack, stackDir } from '../support/stack.ts'
import { until } from '../support/until.ts'

const FULL_MS = 10_000

const DISKS = [
  { service: 'aggregator', folder: 'aggregator-data', megabytes: 96 },
  { service: 'kafka', folder: 'kafka-data', megabytes: 512 },
]

describe('a full disk', () => {
  let disk: SmallDisk | undefined
  afterEach(async function () {
    this.timeout(120_000)
    await disk?.close()
    disk = undefined
  })

  for (const { service, folder, megabytes } of DISKS)
    it(`under ${service} loses nothing: it goes on once there is room`, async function () {
      if (!canMount()) {
        process.stdout.write('        skipped: a small disk can be mounted by root alone\n')
        this.skip()
      }
      this.timeout(300_000)
      disk = await smallDisk(service, join(stackDir, folder), megabytes)
      const { fill, free } = disk
      await underLoad(async ({ more }) => {
        await more(200)
        fill()
        try {
          const freeAt = performance.now() + FULL_MS
          await untilNotReady(stack.aggregatorOps, 60_000)
          await until(() => performance.now() > freeAt, { what: 'the disk was full for a while' })
        } finally {
          free()
        }
        await startService(service)
        await more(200)
        await allReady()
      })
    })
})
