// Every topic, named once. Values are Avro; the subject of a topic is `TOPIC-value`.

export const ORDER_EVENTS = 'order-events'
export const ORDER_BUCKETS = 'order-buckets'
export const ORDER_FORECASTS = 'order-forecasts'

/** Debezium's heartbeat rows (JSON), in WAL order with the outbox rows. */
export const HEARTBEATS = 'orders.public.dbz_heartbeat'
export const SIGNALS = 'orders.public.dbz_signal'
export const CONNECTOR_HEARTBEATS = '__debezium-heartbeat.orders'

/** What the dlq-replayer did with which letter, by whom and why (JSON, append-only, one partition, kept without limit). */
export const REPLAYER_AUDIT = 'dlq-replayer-audit'

/** Consumer groups: one per service. */
export const AGGREGATOR = 'aggregator'
export const FORECASTER = 'forecaster'

/** Subject of a topic's values in the registry. */
export const subjectOf = (topic: string): string => `${topic}-value`

/** Where a group's failed records of a topic go. */
export const dlqOf = (topic: string, group: string): string => `${topic}-${group}-dlq`

/** Where a group's records go that were given up on. */
export const parkedOf = (topic: string, group: string): string => `${topic}-${group}-parked`
