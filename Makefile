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
	@echo; echo 'STACK=name PORT_OFFSET=n name a stack of its own, with its own data and every port moved by n. .env.example lists the rest.'

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
	@$(call IN,ingest-api) ingest-api/src/add-merchant.ts --name "$$NAME" $(if $(RATE),--rate "$$RATE") $(if $(BURST),--burst "$$BURST")
merchant-key: ## one more key for NAME=acme, the last line alone; LIST=1 shows the ids of its keys, REVOKE=id ends one within 5 s
	@$(call IN,ingest-api) ingest-api/src/merchant-key.ts --name "$$NAME" $(if $(REVOKE),--revoke "$$REVOKE") $(if $(LIST),--list)

##@ On call
.PHONY: replay-dlq tail
replay-dlq: ## what is in the dead letter queues, changing nothing; HELP=1 explains filters, GO=1 and the rest
	@ops/replay-dlq
tail: ## records of a topic, decoded, a JSON line each: TOPIC= [FROM=] [N=] [KEY=]
	@$(call IN,aggregator) schemas/src/tail.ts

##@ Connectors
CONNECT_VERBS := validate diff apply status pause resume stop restart-failed offsets reemit recover
.PHONY: $(CONNECT_VERBS:%=connect-%)
connect-validate: ## asks Connect whether the configuration in connectors/ is valid
connect-diff: ## the repository's configuration against the running one
connect-apply: ## brings the running one to the repository's
connect-status: ## connectors and tasks, with the error of a failed one
connect-pause: ## stops reading, keeps the task
connect-resume: ## goes on
connect-stop: ## stops the task, so that its offsets can be changed
connect-restart-failed: ## restarts what has failed
connect-offsets: ## how far the connector has come
connect-reemit: ## sends events again: FROM= TO= WHY=
connect-recover: ## after a lost slot: a new one, then what was missed is sent again: WHY= [FROM=]
$(CONNECT_VERBS:%=connect-%):
	@$(call IN,apply-connectors) connectors/src/main.ts $(@:connect-%=%)

##@ Schemas
.PHONY: schema-check schema-replay-check schema-register schema-diff
schema-check: ## compatible with every published version? [BASE=main], or CANDIDATE= AGAINST= LEVEL= [JSON=1]; needs no network
	@ops/schema-check
schema-replay-check: ## reads the newest N=1000 records of each topic with this checkout's schemas
	@$(call IN,aggregator) schemas/src/replay-check.ts
schema-register: ## registers what is new
	@$(call IN,register-schemas) schemas/src/register.ts
schema-diff: ## the repository's schemas against the registered ones
	@$(call IN,register-schemas) schemas/src/diff.ts

##@ Parts of the tests
.PHONY: lint test-unit test-component test-e2e chaos fuzz bench
lint: ## lint, format and types
	@$(BOOTSTRAP) && node test/run.ts lint
test-unit: ## nothing real, within seconds
	@$(BOOTSTRAP) && node test/run.ts unit
test-component: ## one real dependency each
	@$(TALLY) setup && node test/run.ts component
test-e2e: ## the whole stack
	@$(TALLY) setup && node test/run.ts e2e
chaos: ## a fault and a promise each
	@$(TALLY) setup && node test/run.ts chaos
fuzz: ## schemathesis over the API's description, FUZZ_SECONDS=180, on a stack of its own; skipped without Python
	@$(TALLY) setup && ops/fuzz
bench: ## measures, on a stack of its own without the start-up savings
	@$(TALLY) setup && ops/bench
