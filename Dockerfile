# One image for the API, the worker, the bot and the commands. docs/deploy.md says how it is run.

FROM python:3.11-slim AS packages
COPY requirements.txt /requirements.txt
# Wheels alone, each of a known hash: nothing of a package runs while it is installed.
RUN python -m venv --without-pip /opt/venv \
 && python -m pip --python /opt/venv/bin/python install --no-cache-dir --no-compile \
        --require-hashes --no-deps --only-binary :all: -r /requirements.txt

FROM python:3.11-slim
RUN python -m pip uninstall --yes setuptools wheel pip
COPY --from=packages /opt/venv /opt/venv
WORKDIR /srv/throughcare
# .dockerignore names what gets in: code, words and tables, no tests and no stand-in.
COPY . .
# Nobody but root may write here, and root is not who runs it.
RUN /opt/venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/venv /srv/throughcare \
 && chmod -R a-w,a+rX /opt/venv /srv/throughcare
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/nonexistent \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
ENTRYPOINT ["python", "throughcare.py"]
