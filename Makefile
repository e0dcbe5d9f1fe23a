# SPDX-FileCopyrightText: 2026 The ai_on_eks.dynamo contributors
# SPDX-License-Identifier: Apache-2.0

# Two commands matter: `make rehearse` (the whole journey on this machine) and `make test`.
PYTHON ?= python3
BOOTSTRAP := $(PYTHON) -m rehearsal.bootstrap
# The bootstrap prints its progress to stderr and the interpreter it made to stdout.
MAIN = $$($(BOOTSTRAP) --print main-python)

.DEFAULT_GOAL := help
.PHONY: help setup rehearse rehearse-examples rehearsal-up rehearsal-status rehearsal-down test test-fast unit lint types sanity terraform-test integration molecule clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

setup: ## Install what is needed (virtual environments, Go tools), once, outside the checkout
	@$(BOOTSTRAP)

rehearse: setup ## Install, deploy, ask and clean up on this machine, without AWS (PROFILE=guide for the guide's versions)
	@$(MAIN) -m rehearsal rehearse $(if $(PROFILE),--profile $(PROFILE))

# An idle worker of Dynamo 0.4.1 here takes a quarter of a core: not all of them at once.
rehearse-examples: setup ## The same with all nine examples, updated in place, on both profiles
	@$(MAIN) -m rehearsal rehearse --examples all --update --profile current
	@$(MAIN) -m rehearsal rehearse --examples all --update --profile guide --at-once 2

rehearsal-up: setup ## Start the embedded AWS and leave it up
	@$(MAIN) -m rehearsal up

rehearsal-status: ## Say what of it runs
	@$(MAIN) -m rehearsal status

rehearsal-down: ## End everything that rehearsal-up started
	@$(MAIN) -m rehearsal down

test: setup ## Everything: unit, lint, types, sanity, Terraform, parts, molecule, the whole journey
	@$(MAIN) tests/run.py all

test-fast: setup ## Unit tests and static checks
	@$(MAIN) tests/run.py fast

unit lint types sanity terraform-test integration molecule: setup ## One level of the tests
	@$(MAIN) tests/run.py $@

clean: ## Remove what tests and rehearsals left in the checkout
	@rm -rf .rehearsal .ansible .mypy_cache .pytest_cache .ruff_cache .hypothesis tests/output
