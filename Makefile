# Run `make` to see what there is to make.

# The Python that environments are made with: 3.11 or newer. Everything else is installed by pip.
PYTHON ?= python3
# More words for pytest, such as PYTEST_ARGS="-m 'not slow'".
PYTEST_ARGS ?=

# Two environments, so that `make predict` always shows the small install, whatever ran before it.
CORE := .venv
DEV := .venv-dev
# A third one sees the packages of PYTHON, whose torch is made for the GPU at hand.
GPU := .venv-gpu
# A stamp stands in its environment and goes with it; another PYTHON wants another one.
STAMP := .installed-by-$(subst /,_,$(PYTHON))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help predict test lint format docs try reference stages bench gpu wheel clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

predict: $(CORE)/$(STAMP) ## Install what a prediction needs (in .venv) and judge the sample photographs
	$(CORE)/bin/blurdct predict data/sample

test: lint ## Install everything (in .venv-dev), lint, check types, run every test, those of the pages too
	$(DEV)/bin/python -m pytest --numprocesses auto --dist loadfile $(PYTEST_ARGS)

lint: $(DEV)/$(STAMP) ## Check style, formatting and types
	$(DEV)/bin/ruff check
	$(DEV)/bin/ruff format --check
	$(DEV)/bin/mypy

format: $(DEV)/$(STAMP) ## Format the code and repair what can be repaired by itself
	$(DEV)/bin/ruff check --fix-only
	$(DEV)/bin/ruff format

docs: $(DEV)/$(STAMP) ## Build the documentation into site/; a broken link or a missing file fails it
	$(DEV)/bin/python docs/generate_cli.py --check
	$(DEV)/bin/python docs/generate_python.py --check
	$(DEV)/bin/python docs/generate_man.py --check
	$(DEV)/bin/python -m sphinx -b html -W --keep-going -q docs site

try: $(DEV)/$(STAMP) ## Build the page without a server into site/try; needs npm
	$(DEV)/bin/python docs/try/build.py --out site/try

reference: $(DEV)/$(STAMP) ## Write the pages about commands and Python anew
	$(DEV)/bin/python docs/generate_cli.py
	$(DEV)/bin/python docs/generate_python.py
	$(DEV)/bin/python docs/generate_man.py

stages: $(DEV)/$(STAMP) ## Go from the sample photographs to a trained model, into data/run
	$(DEV)/bin/python tools/1_collect_photos.py
	$(DEV)/bin/python tools/2_blur_types_selection.py
	$(DEV)/bin/python tools/3_image_dataset_creation.py
	$(DEV)/bin/python tools/4_feature_vectors_dataset_creation.py
	$(DEV)/bin/python tools/5_feature_extraction_per_patch.py
	$(DEV)/bin/python tools/6_final_features.py
	$(DEV)/bin/python tools/7_train_and_compare.py --trials 10

bench: $(DEV)/$(STAMP) ## Measure the speed on this machine, into benchmarks/results
	$(DEV)/bin/python benchmarks/speed.py

gpu: $(GPU)/$(STAMP) ## Test and measure on a GPU, with the CUDA torch of PYTHON, into benchmarks/results
	$(GPU)/bin/python benchmarks/gpu.py

wheel: $(DEV)/$(STAMP) ## Build the wheel into dist/, and what it is made of
	rm -rf build
	$(DEV)/bin/python -m build --no-isolation
	rm -rf build

clean: ## Remove environments, caches and builds; data/run stays
	rm -rf $(CORE) $(DEV) $(GPU) build dist site *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find benchmarks blurdct docs tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

# Of two wheels that write one folder cv2, the last is the one that needs no libraries of a desktop.
# An environment is made anew if its Python is gone, is of another version, or lacks pip.
$(CORE)/$(STAMP): WHAT := .
$(DEV)/$(STAMP): WHAT := .[train,scan,formats,video,remote,ray,serve,docs,dev]
$(CORE)/$(STAMP) $(DEV)/$(STAMP): pyproject.toml constraints.txt setup.py $(wildcard blurdct/kernel/*.[ch])
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "$(PYTHON): Python 3.11 or newer is needed; try make PYTHON=python3.11" >&2; exit 1; }
	@test "$$($(@D)/bin/python -V 2>&1)" = "$$($(PYTHON) -V 2>&1)" \
		&& $(@D)/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(@D)
	@echo "installing into $(@D); this is done once"
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check 'pip>=24'
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check \
		-c constraints.txt -e '$(WHAT)'
	@$(@D)/bin/python -m pip show --quiet opencv-python 2>/dev/null || exit 0; \
		$(@D)/bin/python -m pip install --quiet --disable-pip-version-check \
		-c constraints.txt --force-reinstall --no-deps opencv-python-headless
	@$(@D)/bin/python -c 'import cv2'
	@touch $@

$(GPU)/$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import torch' || { echo "$(PYTHON): torch, made for CUDA, is needed" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(@D)
	@$(PYTHON) -c 'import site; print(*site.getsitepackages(), sep="\n")' \
		> $$(echo $(@D)/lib/python3*/site-packages)/of_python.pth
	@grep -v -i '^torch' constraints.txt > $(@D)/constraints.txt
	@echo "installing into $(@D); this is done once"
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check \
		-c $(@D)/constraints.txt -e . pandas pyarrow tqdm pytest hypothesis
	@touch $@
