// The inner parts of KafkaJS that kafka-client.ts and kafka-fetch.ts mend, or their tests look at.
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

declare module 'kafkajs/src/protocol/encoder.js' {
  export default class Encoder {
    writeVarIntBytes(value: unknown): Encoder
  }
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

declare module 'kafkajs/src/protocol/requests/fetch/v11/response.js' {
  import type { FetchAnswer } from '@tally/platform/kafka-fetch'

  const response: { decode(bytes: Buffer): Promise<FetchAnswer> }
  export default response
}
