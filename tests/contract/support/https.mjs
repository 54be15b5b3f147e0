// Certificates of the tests, and programs that trust them.
import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const here = path.dirname(new URL(import.meta.url).pathname);

// A certificate for this machine that nobody signed but itself.
export function makeCertificate(directory, name) {
  const made = fs.mkdtempSync(path.join(directory, 'made-'));
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
    '-nodes', '-days', '2', '-subj', `/CN=${name}`, '-addext',
    'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', path.join(made, 'key'),
    '-out', path.join(made, 'cert')], { stdio: 'ignore' });
  return { certificate: fs.readFileSync(path.join(made, 'cert')),
    key: fs.readFileSync(path.join(made, 'key')) };
}

// The stock client has no place for a certificate that is not in the system's list, so it runs in a
// process of its own that is told about it: a module's text, with `queue` and `taskcluster` at hand.
export async function runStockClient(text, { rootUrl, certificateFile, credentials, values = {} }) {
  const head = `import taskcluster from 'taskcluster-client';
    const values = JSON.parse(process.env.VALUES);
    const queue = new taskcluster.Queue({ rootUrl: ${JSON.stringify(rootUrl)}, retries: 0,
      credentials: values.credentials });\n`;
  const { stdout } = await promisify(execFile)(process.execPath,
    ['--input-type=module', '-e', head + text], { cwd: path.dirname(here), encoding: 'utf8',
      env: { ...process.env, NODE_EXTRA_CA_CERTS: certificateFile,
        VALUES: JSON.stringify({ ...values, credentials }) } });
  return stdout;
}
