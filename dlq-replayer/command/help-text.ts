// `make replay-dlq HELP=1`: enough to use it without anything else to read.

export const HELP = `Replays dead letters: records a group could not handle go back to it, once their
cause is mended. Without GO, DISCARD or a control word nothing is changed.

  make replay-dlq                       what is there, why, and the next command
  make replay-dlq GO=1 WHY="..."        replay all of it
  make replay-dlq REASON=unknown-schema GO=1 WHY="schema registered"
  make replay-dlq STATUS=1 [RUN=id]     runs and what became of their letters
  make replay-dlq PAUSE=1 | RESUME=1 | CANCEL=1 [RUN=id] [WHY="..."]
  make replay-dlq EVENT_ID=1,2 DISCARD=1 WHY="test orders"
  make replay-dlq HISTORY=1             who did what, when and why
  make replay-dlq PARKED=1              letters given up on
  make replay-dlq EVENT_ID=1 UNPARK=1 WHY="mended"   opens them again
  make replay-dlq EXPORT=letters.ndjson original bytes (base64), changes nothing
  make replay-dlq IMPORT=letters.ndjson [GO=1 WHY="..."]   puts back what is not
                                        there any more, and replays what is open
  make replay-dlq REASON=... PATCH=mend.ts [GO=1 WHY="..."]   mends them first

Which letters (all given must hold; lists by comma):
  TOPIC      order-events, or the dead letter queue's own name
  REASON     as the plan names it: unknown-schema, undecodable, ...
  EVENT_ID   header id      ORDER_ID  key of the order event
  MERCHANT   merchantId inside the value
  SINCE      failed at or after: 2026-11-24T03:00:00Z, or ago: 30m, 2h, 3d
  UNTIL      failed before: the same
  OFFSETS    in the dead letter queue: 0:17 or 0:17-40,3:5-9 (with TOPIC)
  MAX        at most so many of each queue

How (with GO=1):
  WHY        why it is right to replay now; kept in the audit. Required
  CANARY     first so many letters, waited for before the rest goes out; the run
             stops when one fails again before so many were counted now
             (default 10, 0: none)
  RATE       letters a second after that (default 500, beside which live orders
             hardly wait; 0: as fast as the group keeps up)
  PLAN       id a plan printed: exactly its letters, though more came in since;
             refused after a day, and when some of them were settled
  YES=1      unasked. Else up to 10 letters go at once, up to 100 take a y, more
             take their number typed, so does any DISCARD; no terminal: refused

What it does with a letter: same key, bytes, headers and event id to the topic
it came from, handled by the failed group alone. It waits for what the group
made of it: counted, already counted (so ignored), failed again (a new letter
with the new reason) or unknown (not there in time: the letter stays open). What
was replayed 3 times and failed again is parked. Ctrl-C leaves the run going;
STATUS=1 shows it.

PATCH names a file with export default (letter) => letter, or null to leave it
out; letter has key, value (bytes), headers, and decoded where anybody can read
it. It runs on its own, a second a letter at most. Without GO=1 it is shown what
changes; with it a mended copy takes the place of each letter that it changes.

JSON=1 for machines, UNMASK=1 to see customers' values. 0, no and false mean no;
words that would not be heeded together are refused.
Exit: 0 done, 2 some failed again, 3 nothing matched, 4 refused, 1 all else.
(make itself turns every code but 0 into 2 and prints the number.)`
