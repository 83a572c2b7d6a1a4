// What cannot be taken back is confirmed: at the terminal, or by YES=1.
import { ask } from '@tally/platform/process/ask'
import { StopProcess } from '@tally/platform/process/errors'

/** @throws StopProcess (exit code 4) when it is not confirmed, or nobody is there to ask */
export async function confirm(what: string, yes: boolean): Promise<void> {
  if (yes) return
  if (!(process.stdin.isTTY && process.stderr.isTTY)) throw new StopProcess(`${what}\nNobody is here to confirm it: repeat with YES=1`, 4)
  const answer = await ask(`${what}\nGo on? (yes/no) `)
  if (!/^y(es)?$/i.test(answer.trim())) throw new StopProcess('nothing was changed', 4)
}
