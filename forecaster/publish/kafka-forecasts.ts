// Forecasts as upserts on order-forecasts: framed Avro under the key category|currency|size|measure.
import { type AvroType, encodeFramed } from '@tally/platform/avro/framing'
import type { RecordLog } from '@tally/platform/records/record-log'
import type { OrderForecast } from '@tally/schemas/contract/order-forecast'
import { ORDER_FORECASTS } from '@tally/schemas/contract/topics'
import type { ForecastTopic } from './forecast-demand.ts'

/** @param schemaId id under which `type` is registered for the topic's values */
export function kafkaForecasts(recordLog: RecordLog, schemaId: number, type: AvroType<OrderForecast>): ForecastTopic {
  return {
    async send(forecasts) {
      const records = [...forecasts].map(([name, forecast]) => ({ key: Buffer.from(name), value: encodeFramed(schemaId, type, forecast) }))
      await recordLog.append(ORDER_FORECASTS, records)
    },
  }
}
