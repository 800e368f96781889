# The page of `memecap serve`, with Tesseract and without a model: the template captions until a run is mounted (docs/page.md).
#
#   docker build -t memecap . && docker run --rm -p 127.0.0.1:8000:8000 memecap
FROM python:3.11-slim

RUN apt-get update \
    && apt-get install -y --no-install-recommends tesseract-ocr tesseract-ocr-rus tesseract-ocr-eng \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY memecap memecap
RUN pip install --no-cache-dir -c constraints.txt '.[web]' && rm -rf /src/*

RUN useradd --create-home memecap
USER memecap
WORKDIR /home/memecap
ENV OMP_NUM_THREADS=2
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["memecap", "serve", "--host", "0.0.0.0"]
