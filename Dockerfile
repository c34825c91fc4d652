# syntax=docker/dockerfile:1
# One image for the worker and the web page:
#   docker build -t parley .
#   docker run --env-file .env parley                                            the worker
#   docker run --env-file .env -p 8000:8000 \
#     -e HEALTH_URL=http://127.0.0.1:8000/healthz parley python -m agent.web      the page

FROM node:22-bookworm-slim AS page
WORKDIR /app/agent/web/client
COPY agent/web/client/package.json agent/web/client/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY agent/web/client/ ./
RUN npm run build


FROM python:3.11-slim-bookworm AS build
COPY --from=ghcr.io/astral-sh/uv:0.13.8 /uv /usr/local/bin/uv
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PYTHON_DOWNLOADS=never \
    HF_HOME=/app/.cache/huggingface
WORKDIR /app
# What changes least comes first, so that a change of the sources repeats neither of these two.
COPY pyproject.toml uv.lock ./
RUN --mount=type=cache,target=/root/.cache/uv uv sync --locked --no-default-groups
# Turn detectors of PARLEY_TURN_DETECTION=english and multilingual; the others are in the packages.
COPY agent.py ./
RUN .venv/bin/python agent.py download-files
COPY agent/ agent/
COPY tools/ tools/
RUN .venv/bin/python -m compileall -q agent tools agent.py


FROM python:3.11-slim-bookworm
# Call records and the models' caches are all that is written, and only below /app/data and /tmp.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /app --shell /usr/sbin/nologin parley \
    && install -d -o parley -g parley /app/data
WORKDIR /app
COPY --from=build /app /app
COPY --from=page /app/agent/web/static agent/web/static
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HF_HOME=/app/.cache/huggingface \
    HF_HUB_OFFLINE=1 \
    PARLEY_ENV=production \
    PARLEY_WORKER_HOST=0.0.0.0 \
    PARLEY_WEB_HOST=0.0.0.0 \
    HEALTH_URL=http://127.0.0.1:8081/
USER 10001:10001
EXPOSE 8081 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(os.environ['HEALTH_URL'], timeout=4)"]
# Python itself is process 1, with no shell or launcher in between: SIGTERM reaches the worker once
# and lets it finish its calls, and a second SIGTERM would end them at once. Allow it the time, such
# as `docker stop --time 3600`.
CMD ["python", "agent.py", "start"]
