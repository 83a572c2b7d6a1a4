// The inner parts of KafkaJS that this room replaces, or that its tests look at.
declare module 'kafkajs/src/network/requestQueue/index.js' {
  export default class RequestQueue {
    pending: unknown[]
    scheduleCheckPendingRequests(): void
  }
}

declare module 'kafkajs/src/retry/index.js' {
  type Attempt<T> = (bail: (error: Error) => void, retryCount: number, retryTime: number) => Promise<T>
  export default function createRetry(options: object): <T>(attempt: Attempt<T>) => Promise<T>
}

declare module 'kafkajs/src/protocol/decoder.js' {
  export default class Decoder {
    constructor(bytes: Buffer)
    readInt16(): number
    readInt32(): number
    readInt64(): bigint
    readString(): string
    readBytes(): Buffer | null
    readArray<T>(read: (decoder: Decoder) => T): T[]
  }
}

declare module 'kafkajs/src/protocol/requests/listOffsets/index.js' {
  type Request = (fields: { isolationLevel?: number }) => object
  const listOffsets: { protocol(of: { version: number }): Request }
  export default listOffsets
}

declare module 'kafkajs/src/protocol/requests/fetch/v11/response.js' {
  import type { FetchAnswer } from './fetch.ts'

  const response: { decode(bytes: Buffer): Promise<FetchAnswer> }
  export default response
}

declare module 'kafkajs/src/protocol/requests/produce/index.js' {
  import type { Message } from 'kafkajs'

  export type ProduceRequest<M> = {
    acks: number
    timeout: number
    compression?: number
    transactionalId?: string | null
    producerId?: string | number
    topicData: { topic: string; partitions: { partition: number; messages: M[] }[] }[]
  }
  /** What encodes says, of an Encoder, all that is looked at. */
  type Encoded = { buf: Buffer; buffer: Buffer }
  type Made = { request: { encode(): Promise<Encoded> }; response: unknown }
  const produce: { protocol(of: { version: number }): (request: ProduceRequest<Message>) => Made }
  export default produce
}

declare module 'kafkajs/src/producer/partitioners/default/murmur2.js' {
  export default function murmur2(key: Buffer): number
}
