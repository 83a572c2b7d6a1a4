# `make help` lists every target. Each sets up what is missing first; nothing needs a container engine.
.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory

STACK ?= default
PORT_OFFSET ?= 0
export STACK PORT_OFFSET
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

BOOTSTRAP := ops/stack/bootstrap.sh
TALLY := node ops/stack/main.ts

.PHONY: up down status
up: ## starts the stack and returns when all is ready; S="postgres kafka" starts only those and what they need
	@$(BOOTSTRAP) && $(TALLY) up $(S)
down: ## drains and stops everything
	@$(BOOTSTRAP) && $(TALLY) down
status: ## what runs, what is ready, and why not
	@$(BOOTSTRAP) && $(TALLY) status
.PHONY: exec logs start stop restart kill clean
logs: ## the end of the logs; S=aggregator for one service, F=1 to follow
	@$(BOOTSTRAP) && $(TALLY) logs $(S) $(if $(F),-f)
start stop restart kill: ## one service: S=aggregator
	@$(BOOTSTRAP) && $(TALLY) $@ $(S)
exec: ## a command in a service's environment: S=aggregator CMD="node …"
	@$(BOOTSTRAP) && $(TALLY) exec $(S) -- $(CMD)
clean: ## stops the stack and deletes its data and logs
	@$(BOOTSTRAP) && $(TALLY) clean
