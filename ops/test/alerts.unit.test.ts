import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { parse } from 'yaml'

const root = new URL('../..', import.meta.url).pathname
type Rule = { alert: string; expr: string; labels: { severity: string }; annotations: Record<string, string> }
const { groups } = parse(readFileSync(`${root}ops/prometheus/alerts.yml`, 'utf8')) as { groups: { rules: Rule[] }[] }
const rules = groups.flatMap((group) => group.rules)
const sources = ['ingest-api', 'aggregator', 'forecaster', 'dlq-replayer', 'connectors', 'platform']
  .flatMap((workspace) => globSync(`${workspace}/**/*.ts`, { cwd: root, exclude: ['**/test/**'] }))
  .map((file) => readFileSync(`${root}${file}`, 'utf8'))
  .join('\n')

describe('the alerts', () => {
  it('say what happened, what to look at first, and how urgent it is', () => {
    for (const { alert, labels, annotations } of rules) {
      expect(annotations, alert).to.include.keys('summary', 'next')
      expect(labels.severity, alert).to.be.oneOf(['page', 'ticket'])
    }
  })

  it('name runbooks that are there', () => {
    for (const { alert, annotations } of rules)
      if (annotations.runbook !== undefined)
        expect(existsSync(`${root}${annotations.runbook}`), `${alert}: ${annotations.runbook}`).to.equal(true)
  })

  it('ask for metrics that are there', () => {
    for (const { alert, expr } of rules) {
      for (const [name] of expr.matchAll(/\b(?:connect|ingest|aggregator|forecaster|replayer|consumer|http_server)_\w+/g))
        expect(sources.includes(name.replace(/_(count|sum|bucket)$/, '')), `${alert}: ${name}`).to.equal(true)
    }
  })

  it('fire when they are meant to, by Prometheus’ own tests', function () {
    this.timeout(60_000)
    const { error, status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', 'alerts.test.yml'], {
      cwd: `${root}ops/prometheus`,
      encoding: 'utf8',
    })
    if (error) return this.skip()
    expect(status, stdout + stderr).to.equal(0)
  })

  it('are tested, each of them', () => {
    const { tests } = parse(readFileSync(`${root}ops/prometheus/alerts.test.yml`, 'utf8')) as {
      tests: { alert_rule_test: { alertname: string; exp_alerts?: unknown[] }[] }[]
    }
    const fired = new Set(
      tests.flatMap((test) => test.alert_rule_test.filter(({ exp_alerts }) => exp_alerts?.length).map(({ alertname }) => alertname)),
    )
    expect(rules.map(({ alert }) => alert).filter((alert) => !fired.has(alert))).to.deep.equal([])
  })
})
