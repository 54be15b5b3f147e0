// A store that speaks the S3 protocol and checks signatures, with a public and a private bucket.
import S3rver from '@20minutes/s3rver';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';

// The one account that the store knows.
const keyId = 'S3RVER';
const secret = 'S3RVER';

// A certificate for localhost that is an authority of its own.
function makeCertificate(directory) {
  const [key, certificate] = ['key.pem', 'certificate.pem'].map((name) => path.join(directory, name));
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
    '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost',
    '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  return { key, certificate };
}

export class S3Store {
  static async start({ tls = false } = {}) {
    const store = new S3Store();
    store.directory = fs.mkdtempSync(path.join(os.tmpdir(), 'troupe-s3-'));
    process.on('exit', () => fs.rmSync(store.directory, { recursive: true, force: true }));
    store.secretFile = path.join(store.directory, 'secret');
    fs.writeFileSync(store.secretFile, `${secret}\n`, { mode: 0o600 });
    store.files = path.join(store.directory, 'buckets');
    fs.mkdirSync(store.files);
    store.requests = []; // `POST /pub?delete=` each
    // A status: what the store answers to everything instead, or `never`; or a function that says
    // so of a request, or that it is served.
    store.answer = undefined;
    store.gate = undefined; // a function that lets a request in by its promise
    store.buckets = new S3rver({ directory: store.files, silent: true,
      configureBuckets: [{ name: 'pub' }, { name: 'priv' }] });
    await store.buckets.configureBuckets();
    const serve = store.buckets.callback();
    const take = (request, response) => {
      store.requests.push(`${request.method} ${request.url}`);
      if (store.gate) return store.gate(request).then(() => serve(request, response));
      const answer = typeof store.answer === 'function' ? store.answer(request) : store.answer;
      if (!answer && request.method === 'DELETE' && request.url.includes('uploadId='))
        return store.forgetUpload(request, response);
      if (!answer) return serve(request, response);
      request.resume();
      if (answer === 'never') return undefined;
      response.writeHead(answer, { 'Content-Type': 'application/xml' });
      return response.end('<Error><Code>SlowDown</Code><Message>Please &lt;wait&gt;</Message></Error>');
    };
    if (tls) {
      const made = makeCertificate(store.directory);
      store.certificateFile = made.certificate;
      store.certificate = fs.readFileSync(made.certificate);
      store.server = https.createServer(
        { key: fs.readFileSync(made.key), cert: store.certificate }, take);
    } else {
      store.server = http.createServer(take);
    }
    await new Promise((resolve) => store.server.listen(0, 'localhost', resolve));
    store.endpoint = `${tls ? 'https' : 'http'}://localhost:${store.server.address().port}`;
    return store;
  }

  // Settings of a server that keeps its artifacts here.
  get settings() {
    return { 'artifact-store': 's3', 's3-endpoint': this.endpoint, 's3-public-bucket': 'pub',
      's3-private-bucket': 'priv', 's3-access-key-id': keyId,
      's3-secret-access-key-file': this.secretFile };
  }

  // A backend of objects, or the store of a mirror, that keeps its data here; the bucket `priv`
  // unless said.
  backend(rest = {}) {
    return { backendType: 's3', accessKeyId: keyId, secretAccessKey: secret, bucket: 'priv',
      endpoint: this.endpoint, ...rest };
  }

  // What is missing in the store: an upload in parts comes to nothing.
  forgetUpload(request, response) {
    const { pathname, searchParams } = new URL(request.url, this.endpoint);
    const bucket = pathname.split('/')[1];
    fs.rmSync(path.join(this.uploadsOf(bucket), path.basename(searchParams.get('uploadId'))),
      { recursive: true, force: true });
    request.resume();
    response.writeHead(204);
    return response.end();
  }

  uploadsOf(bucket) {
    return this.buckets.store.getResourcePath(bucket, undefined, 'uploads');
  }

  // How many uploads in parts are neither complete nor aborted.
  openUploads(bucket = 'priv') {
    const directory = this.uploadsOf(bucket);
    return fs.existsSync(directory) ? fs.readdirSync(directory).length : 0;
  }

  // Whether the store has the object.
  has(bucket, key) {
    return this.buckets.store.existsObject(bucket, key);
  }

  async stop() {
    await new Promise((resolve) => {
      this.server.close(resolve);
      this.server.closeAllConnections();
    });
    this.buckets.logger.exceptions.unhandle();
    this.buckets.logger.close();
    fs.rmSync(this.directory, { recursive: true, force: true });
  }
}
