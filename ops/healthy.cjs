// A container's health check: `node ops/healthy.cjs PORT` exits 0 when the service on that ops port is ready.
// Each check starts a Node of its own. CommonJS and node:http take a third of the CPU that TypeScript and fetch take.
const { get } = require('node:http')

const TIMEOUT_MS = 2_500

get({ host: '127.0.0.1', port: process.argv[2], path: '/readyz', timeout: TIMEOUT_MS }, ({ statusCode }) => {
  process.exit(statusCode === 200 ? 0 : 1)
})
  .on('timeout', () => process.exit(1))
  .on('error', () => process.exit(1))
