import { underLoad } from '../support/chaos.ts'
import { bringUp } from '../support/faults.ts'
import { deleteFile } from '../support/restored-file.ts'

describe("the aggregator's file", () => {
  after(async function () {
    this.timeout(120_000)
    await bringUp()
  })

  it('deleted under load is counted again from the topic', async function () {
    this.timeout(240_000)
    // The topic may hold a poison storm that was dead-lettered before: counting again meets it again.
    await bringUp({ DLQ_MAX_IN_A_ROW: '1000', DLQ_MAX_SHARE: '1' })
    await underLoad(async ({ more, forgive }) => {
      await more(400)
      forgive()
      await deleteFile()
      await more(200)
    })
  })
})
