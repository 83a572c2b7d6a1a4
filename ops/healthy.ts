// A container's health check: `node ops/healthy.ts PORT` exits 0 when the service on that ops port is ready.
const ready = await fetch(`http://127.0.0.1:${process.argv[2]}/readyz`).then(
  (answer) => answer.ok,
  () => false,
)
process.exit(ready ? 0 : 1)
