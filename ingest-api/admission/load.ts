// Bounds of what is under way: past them a request is refused at once, before its body is read; behind them it is answered in time.
import type { Clock } from '@tally/platform/process/clock'
import { Unavailable } from '@tally/platform/process/errors'
import type { RequestHandler } from 'express'

/** Lets so many requests be under way at a time; `onRefused` is told of each one more. */
export function atMost(max: number, what: string, onRefused: () => void): RequestHandler {
  let underWay = 0
  return (_req, res, next) => {
    // Closed while its key was looked up: there is nobody to answer, and no 'close' comes any more to give the place back.
    if (res.destroyed) return
    if (underWay >= max) {
      onRefused()
      throw new Unavailable(`Too many ${what} are under way right now.`)
    }
    underWay += 1
    res.once('close', () => {
      underWay -= 1
    })
    next()
  }
}

export type Gate = {
  /** Whether no more is to be let in. It does not keep out: what was let in with its body still to come may make it more. */
  full(): boolean
  run<T>(work: () => Promise<T>): Promise<T>
}

/** For so long less than `sustained` has to be under way before as much as `max` may be again. */
const CALM_MS = 1_000

/**
 * Counts work under way against a bound: `max` for a moment, since a stall of the disk is no overload. Once that was reached it is
 * `sustained`, since a queue that stands makes all wait and places none more, until it is calm again.
 */
export function gate(max: number, sustained: number, clock: Clock): Gate {
  let underWay = 0
  let overloaded = false
  let busyAt = 0
  return {
    full() {
      const now = clock.now()
      if (underWay >= sustained) busyAt = now
      else if (now - busyAt > CALM_MS) overloaded = false
      if (underWay >= max) overloaded = true
      return underWay >= (overloaded ? sustained : max)
    },
    async run(work) {
      underWay += 1
      try {
        return await work()
      } finally {
        underWay -= 1
      }
    },
  }
}

/** Answers 503 once that time has passed. What the request waits for may still happen: handlers look at `res.headersSent`. */
export function answerWithin(deadlineMs: number): RequestHandler {
  return (_req, res, next) => {
    if (res.destroyed) return next()
    const timer = setTimeout(() => {
      if (!res.headersSent) next(new Unavailable('It takes too long right now; what became of the order is told when it is sent again.'))
    }, deadlineMs)
    res.once('close', () => clearTimeout(timer))
    next()
  }
}
