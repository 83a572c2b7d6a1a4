// Whether the alert on dead letters is there: asked of Prometheus where the machine has it, else of the metric that feeds it.
import { existsSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { stack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const PROGRAMS = ['/usr/bin/prometheus', '/usr/local/bin/prometheus']
const ALERT = 'DeadLetters'
const RULES = new URL('../../ops/prometheus/alerts.yml', import.meta.url).pathname
/** Its minute of patience, the scrape, and a slow machine. */
const TIMEOUT_MS = 120_000

type Rule = { alert: string; expr: string; for: string; annotations: Record<string, string> }
type Alert = { labels: { alertname: string }; state: string; annotations: Record<string, string> }

export type Alerting = ReturnType<typeof alerting>

export function alerting() {
  const real = PROGRAMS.some((path) => existsSync(path))
  const { groups } = parse(readFileSync(RULES, 'utf8')) as { groups: { rules: Rule[] }[] }
  const rule = groups.flatMap(({ rules }) => rules).find(({ alert }) => alert === ALERT)
  if (rule === undefined) throw new Error(`${RULES} has no alert ${ALERT}`)

  /** Of the aggregator's dead letter queue, as the metrics say. */
  async function openLetters(): Promise<number> {
    const text = await (await fetch(`${stack.replayerOps}/metrics`)).text()
    let sum = 0
    for (const [, value] of text.matchAll(/^replayer_open_letters\{[^}]*\} (\d+)$/gm)) sum += Number(value)
    return sum
  }

  async function found(): Promise<Alert | undefined> {
    const answer = await fetch(`${stack.prometheus}/api/v1/alerts`)
    const { data } = (await answer.json()) as { data: { alerts: Alert[] } }
    return data.alerts.find(({ labels }) => labels.alertname === ALERT)
  }

  return {
    /** What `make up` starts beside the stack. */
    services: real ? ['prometheus'] : [],
    openLetters,

    /** Waits for it; what the pager shows. */
    async firing(): Promise<string> {
      const next = `next: ${rule.annotations.next}\nrunbook: ${rule.annotations.runbook}`
      if (!real) {
        const letters = await openLetters()
        if (letters === 0) throw new Error('the metric says that there is no open letter')
        return `${ALERT} fires when this holds for ${rule.for}: ${rule.expr}\nreplayer_open_letters says ${letters}. (To see it fire: apt-get install prometheus.)\n${next}`
      }
      const what = `${ALERT} fires`
      const alert = await until(async () => ((alert) => alert?.state === 'firing' && alert)(await found()), { what, timeoutMs: TIMEOUT_MS })
      return `${ALERT} fires: ${alert.annotations.summary}\n${next}`
    },

    /** Waits until it is gone. */
    async resolved(): Promise<string> {
      await until(async () => (await openLetters()) === 0, { what: 'the metrics say that no letter is open', timeoutMs: TIMEOUT_MS })
      if (real) await until(async () => (await found()) === undefined, { what: `${ALERT} is resolved`, timeoutMs: TIMEOUT_MS })
      return `${ALERT} is resolved.`
    },
  }
}
