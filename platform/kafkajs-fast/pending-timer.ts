// With nothing pending KafkaJS 2.2.4 sets a timer all the same, of minus the epoch, which Node warns of (its issue 1751).
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js'
import type { Replacement } from './replacement.ts'

const { scheduleCheckPendingRequests } = RequestQueue.prototype

function onlyWhilePending(this: RequestQueue): void {
  if (this.pending.length > 0) scheduleCheckPendingRequests.call(this)
}

export const pendingTimer: Replacement = {
  module: 'src/network/requestQueue/index.js',
  what: 'the check of pending requests',
  install() {
    RequestQueue.prototype.scheduleCheckPendingRequests = onlyWhilePending
  },
  isIn: (inner) => (inner as typeof RequestQueue).prototype.scheduleCheckPendingRequests === onlyWhilePending,
}
