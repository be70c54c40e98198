# The two commands: `make up` and `make test`. Everything else is in `make help`.
# All of it works on a bare machine with Python 3.11 or 3.12 on Linux (x86_64, glibc): see launcher/.

PYTHON ?= $(or $(shell command -v python3),$(shell command -v python3.12),$(shell command -v python3.11),python3)
LAUNCH := $(PYTHON) -m launcher
BIN := .venv/bin
CORES := $(shell nproc 2>/dev/null || echo 2)
ORDERS ?= data/CDNOW_sample.txt
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help up down status manage replay clean-data test check check-deploy fmt messages bench chaos screenshots clean

help: ## show this list
	@awk -F ':.*## ' '/^## /{sub(/^## /, ""); printf "\n%s\n", $$0} /^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

## Running it
up: ## run everything (PostgreSQL, Redis, web, worker, beat, WeChat stand-in) until Ctrl-C; PORT=… to begin elsewhere than 8000
	@$(LAUNCH) up

down: ## stop what runs in this copy
	@$(LAUNCH) down

status: ## say what runs in this copy, and where
	@$(LAUNCH) status || true

manage: ## run manage.py with this copy's database: make manage ARGS="audit_ledger"
	@$(LAUNCH) servers -- env LOG_LEVEL=WARNING python manage.py $(ARGS)

replay: ## report a real purchase history through the partner API: make replay ORDERS=file
	@$(LAUNCH) run -- env LOG_LEVEL=WARNING python manage.py replay_orders $(ORDERS)

clean-data: ## delete this copy's database, passwords and logs
	@$(LAUNCH) clean-data

## Developing it
test: ## run all tests, on throw-away servers
	@$(LAUNCH) throwaway -- python -m pytest -n $(CORES) $(ARGS)

check: ## check style, imports, types, migrations, translations and production settings
	@$(LAUNCH) install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(LAUNCH) throwaway -- python manage.py makemigrations --check --dry-run
	$(BIN)/python tools/catalogue.py check
	@$(MAKE) --no-print-directory check-deploy

# Settings as in production, with a key made for this one run and servers that nobody connects to.
check-deploy:
	env -u WECHAT_API_BASE \
	SECRET_KEY="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))')" \
	WECHAT_APP_SECRET="$$($(BIN)/python -c 'import secrets; print(secrets.token_hex(16))')" \
	LEDGER_LOG_KEY="$$($(BIN)/python -c 'import base64, secrets; print(base64.b64encode(secrets.token_bytes(32)).decode())')" \
	LEDGER_LOG_ORIGIN=mall.example.com/ledger \
	DEMO_MODE=false DEBUG=false ALLOWED_HOSTS=mall.example.com WECHAT_APP_ID=wx0123456789abcdef \
	DATABASE_URL=postgres://mall:none@127.0.0.1:1/mall REDIS_URL=redis://127.0.0.1:1/0 \
	$(BIN)/python manage.py check --deploy --fail-level WARNING

fmt: ## format the code and fix what can be fixed
	@$(LAUNCH) install-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

messages: ## bring the Chinese catalogue up to date with the code
	@$(LAUNCH) install-dev
	$(BIN)/python tools/catalogue.py collect
	$(BIN)/python tools/catalogue.py compile

# With PostgreSQL's default of 128 MB a million accounts would be measured by how fast pages come and go.
bench: ## measure ledger, jobs and requests on throw-away servers, beside their limits (ARGS="ledger --accounts 100000")
	@POSTGRES_SHARED_BUFFERS=$${POSTGRES_SHARED_BUFFERS:-4GB} $(LAUNCH) throwaway -- python -m bench $(ARGS)

chaos: ## kill every process again and again under load, and hold the database against what was answered
	@$(LAUNCH) install-dev
	$(BIN)/python -m tests.chaos $(ARGS)

screenshots: ## photograph preview page and admin for the README (needs chromium and chromium-driver)
	@$(LAUNCH) install-dev
	@$(LAUNCH) run -- python -m tools.screenshots $(ARGS)

clean: ## delete caches; data and the virtual environment stay
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage htmlcov
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
