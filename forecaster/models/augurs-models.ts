// Models of the augurs library (wasm) behind the Model port: ETS, and MSTL for the seasonal part.
import { readFileSync } from 'node:fs'
import { AutoETS, initSync as initEts } from '@bsull/augurs/ets'
import { initSync as initMstl, MSTL } from '@bsull/augurs/mstl'
import type { Rhythm } from '#series/series'
import { type Fit, type Model, onLogScale } from './model.ts'

/** Its `init()` fetches, which Node cannot do with files: the module's bytes are given instead. */
function load(entry: string, initSync: (options: { module: Buffer<ArrayBuffer> }) => unknown): void {
  const wasm = import.meta.resolve(entry).replace(/\.js$/, '_bg.wasm')
  initSync({ module: readFileSync(new URL(wasm)) })
}

let loaded = false

/** Loads the library once and gives its models for a rhythm. */
export function augursModels({ seasons }: Rhythm): Model[] {
  if (!loaded) {
    load('@bsull/augurs/ets', initEts)
    load('@bsull/augurs/mstl', initMstl)
    loaded = true
  }
  return [onLogScale('augurs-ets', fitEts), onLogScale('augurs-mstl', fitMstl(seasons))]
}

/** No seasonal component: the library's own does not find weekly patterns, MSTL does. */
const fitEts: Fit = (values, horizon) => fit(new AutoETS(1, 'ZZN'), values, horizon)

/** Seasons that the values hold at least twice. */
const fitMstl =
  (seasons: readonly number[]): Fit =>
  (values, horizon) => {
    const held = seasons.filter((season) => values.length >= 2 * season)
    return held.length === 0 ? undefined : fit(MSTL.ets(Uint32Array.from(held)), values, horizon)
  }

type Fitting = { fit(values: Float64Array): void; predict(horizon: number): { point: number[] }; free(): void }

/** The library throws when no variant of a model fits: then there is no forecast from it. */
function fit(model: Fitting, values: Float64Array, horizon: number): number[] | undefined {
  try {
    model.fit(values)
    return model.predict(horizon).point
  } catch {
    return undefined
  } finally {
    model.free()
  }
}
