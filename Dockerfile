# A tag can be moved to another image, and which digest this one has could not be looked up here. Where it matters, pin it:
# docker build --build-arg PYTHON_IMAGE=python@sha256:…
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

# The wheel, and an environment with it and the versions that were tested. Nothing else of this stage is left.
FROM ${PYTHON_IMAGE} AS build
WORKDIR /source
RUN python -m venv /tagkin
COPY deploy/constraints.txt deploy/
# Before our own files, so that a change of those does not fetch everything again.
RUN pip download --no-cache-dir --no-deps --quiet --dest /wheels --requirement deploy/constraints.txt
COPY pyproject.toml README.md tagkin.py ./
COPY audiomodel audiomodel
COPY indexer indexer
COPY search search
COPY tagmodel tagmodel
COPY web web
RUN pip wheel --no-cache-dir --no-deps --quiet --wheel-dir /wheels . \
    && /tagkin/bin/pip install --no-cache-dir --no-index --quiet --find-links /wheels "tagkin[elasticsearch]" \
    && /tagkin/bin/pip uninstall --yes --quiet pip setuptools

FROM ${PYTHON_IMAGE}
# /index is a volume's: it takes over the owner from here.
RUN groupadd --gid 10001 tagkin \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin tagkin \
    && install --directory --owner 10001 --group 10001 --mode 750 /index
COPY --from=build /tagkin /tagkin
ENV PATH=/tagkin/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TAGKIN_ENGINE=/index/tagkin \
    TAGKIN_HOST=0.0.0.0
USER 10001:10001
WORKDIR /index
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as web; web.urlopen('http://127.0.0.1:' + os.environ.get('TAGKIN_PORT', '8000') + '/readyz', timeout=4)"]
ENTRYPOINT ["tagkin"]
CMD ["serve"]
