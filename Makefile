# `make help` lists every target. Each one sets up what is missing first; none needs a container engine.
.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory

# The Node of package-lock.json, whatever the machine's is. Variables given to make reach every command by environment.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
export NODE_COMPILE_CACHE := $(CURDIR)/node_modules/.cache/node
BOOTSTRAP := ops/stack/bootstrap.sh
TALLY := $(BOOTSTRAP) && node ops/stack/main.ts
IN = $(TALLY) exec $(1) -- node

##@ To see it work
.PHONY: demo poison mend test help
demo: ## sets up, starts the stack, submits four years of orders, checks and prints what was counted; leaves it running
	@$(BOOTSTRAP) && node ops/demo/main.ts
poison: ## to practise on: puts an event nobody can read into order-events
	@$(call IN,aggregator) ops/demo/poison.ts
mend: ## undoes what `make poison` broke, and only that: registers the schema of its events
	@$(call IN,aggregator) ops/demo/mend.ts
test: ## sets up, then lint, types, unit, component and end-to-end tests on a stack of their own, which it stops
	@$(TALLY) setup && node test/run.ts
help: ## this list
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-z][a-z0-9 -]*:.*## / { printf "  make %-26s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo; echo 'STACK=name PORT_OFFSET=n name a stack of its own, with its own data and every port moved by n; .env.example lists the rest.'
	@echo 'Tests and benchmarks never use it, since they delete their data: TEST_STACK=name TEST_PORT_OFFSET=n name theirs.'

##@ The stack
.PHONY: up down status logs start stop restart kill exec doctor clean setup
setup: ## fetches what the machine lacks, once; up, demo and test do it themselves
	@$(TALLY) setup
up: ## starts it and returns when all is ready; S="postgres kafka" for a part, PROFILE=redis for what is optional
	@$(TALLY) up $(S) $(PROFILE:%=--profile %)
down: ## drains and stops everything
	@$(TALLY) down
status: ## what runs, what is ready, and why not; JSON=1 for machines
	@$(TALLY) status $(if $(JSON),--json)
logs: ## the end of the logs; S=aggregator for one, FOLLOW=1 to go on
	@$(TALLY) logs $(S) $(if $(FOLLOW),--follow) $(if $(N),--lines $(N))
start: ## one service: S=aggregator
	@$(TALLY) start $(S)
stop: ## one service, which stays down until it is started: S=aggregator
	@$(TALLY) stop $(S)
restart: ## one service: S=aggregator
	@$(TALLY) restart $(S)
kill: ## one service by SIGKILL, which the stack then restarts: S=aggregator
	@$(TALLY) kill $(S)
exec: ## a command in a service's environment: S=aggregator CMD="node …"
	@$(TALLY) exec $(S) -- $(CMD)
doctor: ## what this machine lacks, and how to get it
	@$(TALLY) doctor
clean: ## stops the stack and deletes its data and logs
	@$(TALLY) clean

##@ Merchants
.PHONY: merchant merchant-key
merchant: ## adds one: NAME=acme [RATE=1000 orders a minute] [BURST=…]; the last line is its API key alone
	@$(call IN,ingest-api) ingest-api/add-merchant.ts --name "$$NAME" $(if $(RATE),--rate "$$RATE") $(if $(BURST),--burst "$$BURST")
merchant-key: ## one more key for NAME=acme, the last line alone; LIST=1 shows the ids of its keys, REVOKE=id ends one within 5 s
	@$(call IN,ingest-api) ingest-api/merchant-key.ts --name "$$NAME" $(if $(REVOKE),--revoke "$$REVOKE") $(if $(LIST),--list)

##@ On call
.PHONY: replay-dlq rebuild tail drill
replay-dlq: ## what is in the dead letter queues, changing nothing; HELP=1 explains filters, GO=1, PATCH, HISTORY=1 and the rest
	@ops/replay-dlq
drill: ## practice: breaks the counting on a stack of its own and walks the runbook until all is counted, within 3 minutes
	@$(TALLY) setup && ops/drill
rebuild: ## counts again from the topic beside the running counts, which answer meanwhile, and mends what differs
	@$(call IN,aggregator) aggregator/rebuild.ts
tail: ## records of a topic, decoded, a JSON line each: TOPIC= [FROM=] [N=] [KEY=]
	@$(call IN,aggregator) schemas/tail.ts

##@ Connectors
CONNECT_VERBS := validate diff apply status pause resume stop restart-failed offsets log-level reemit recover
.PHONY: $(CONNECT_VERBS:%=connect-%)
connect-validate: ## asks Connect whether the configuration in connectors/ is valid
connect-diff: ## the repository's configuration against the running one
connect-apply: ## brings the running one to the repository's; PRUNE=1 deletes what runs and is not in the repository
connect-status: ## what runs, how far behind, what the slot holds back, what is wrong and the way back; V=1 whole traces, JSON=1
connect-pause: ## stops reading, keeps the task
connect-resume: ## goes on
connect-stop: ## stops the task, so that its offsets can be changed
connect-restart-failed: ## restarts what has failed
connect-offsets: ## how far the connector has come; BACKUP=file keeps it, RESTORE=file and RESET=1 change it while it is stopped
connect-log-level: ## what the worker logs: LOGGER=io.debezium LEVEL=DEBUG, until it restarts; without LEVEL what is set
connect-reemit: ## sends events again: FROM= TO= WHY=
connect-recover: ## after a lost slot: a new one, then what was missed is sent again: WHY= [FROM=] [YES=1]
$(CONNECT_VERBS:%=connect-%):
	@$(call IN,apply-connectors) connectors/main.ts $(@:connect-%=%)

##@ Schemas
.PHONY: schema-check schema-replay-check schema-register schema-diff
schema-check: ## compatible with every published version? [BASE=main], or CANDIDATE= AGAINST= LEVEL= [JSON=1]; needs no network
	@ops/schema-check
schema-replay-check: ## reads the newest N=1000 records of each topic with this checkout's schemas
	@$(call IN,aggregator) schemas/replay-check.ts
schema-register: export PUBLISH_NEW := 1
schema-register: ## publishes what is new and writes it into schemas/history/; shared registries: from CI only
	@$(call IN,register-schemas) schemas/register.ts
schema-diff: ## the repository's schemas against the registered ones
	@$(call IN,register-schemas) schemas/diff.ts

##@ Parts of the tests
.PHONY: lint test-unit test-component test-e2e chaos fuzz mutations bench bench-cdc bench-api bench-aggregator bench-replay
lint: ## lint, format and types
	@$(BOOTSTRAP) && node test/run.ts lint
test-unit: ## nothing real, within seconds
	@$(BOOTSTRAP) && node test/run.ts unit
test-component: ## one real dependency each
	@$(TALLY) setup && node test/run.ts component
test-e2e: ## the whole stack
	@$(TALLY) setup && node test/run.ts e2e
chaos: ## a fault and a promise each, all of them, under 200 orders a second; CHAOS_SEED= repeats one
	@$(TALLY) setup && node test/run.ts chaos
mutations: ## takes each mechanism behind a guarantee out of a copy and wants its test red; ONLY= some of them
	@$(TALLY) setup && ops/on-own-stack mutations 26500 postgres kafka migrate connect -- node test/mutations/main.ts $(if $(ONLY),"$$ONLY")
fuzz: ## schemathesis over the API's description, FUZZ_SECONDS=180, on a stack of its own; skipped without Python
	@$(TALLY) setup && ops/fuzz
bench: ## acknowledged → readable, on a stack of its own without the start-up savings; RATE=300 SECONDS=30
	@$(TALLY) setup && ops/on-own-stack bench 22000 -- node test/bench/latency.bench.ts
bench-cdc: ## commit to topic: backlog, latency against Debezium's defaults, idle CPU, Connect killed; PARTS=backlog,latency,idle,killed
	@$(TALLY) setup && ops/on-own-stack bench-cdc 24000 postgres kafka connect -- node test/bench/cdc/main.ts
bench-api: ## the API against itself without a database, against pgbench, overloaded, with a large table; ROUNDS=3 SECONDS=5
	@$(TALLY) setup && ops/on-own-stack bench-api 23000 ingest-api -- node test/bench/api/main.ts
bench-aggregator: ## counting a full topic against kafkajs alone, older ids, ten times the keys and the file; SCALE=2000000 ROUNDS=3
	@$(TALLY) setup && ops/on-own-stack bench 22000 postgres kafka schema-registry create-topics register-schemas -- node ops/stack/main.ts exec aggregator -- node test/bench/aggregator/main.ts
bench-replay: ## a replay against a bare produce, live orders meanwhile, a plan over 1 M letters; PARTS=speed,live,plan SCALE=250000 ROUNDS=3
	@$(TALLY) setup && ops/on-own-stack bench 22000 -- node test/bench/replay/main.ts
