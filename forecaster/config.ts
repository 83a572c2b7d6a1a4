// What the forecaster reads from its environment.
import { int, readConfig } from '@tally/platform/process/config'
import { consumerConfig } from '@tally/platform/service/config'

export const forecasterConfig = () =>
  readConfig(
    {
      ...consumerConfig,
      /** Forecasts are made once closed days have not changed for so long. */
      FORECAST_SETTLE_MS: int(0, 600_000).default(5_000),
    },
    process.env,
  )
