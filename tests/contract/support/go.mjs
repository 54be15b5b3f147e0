// The stock programs of the Go client's repository, which script/bootstrap builds for each list of
// versions.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root } from './server.mjs';

const sources = path.join(root, 'tests/contract/go');

// The same number as in script/bootstrap: of all files, by name.
function fingerprint() {
  const hash = createHash('sha256');
  for (const name of fs.readdirSync(sources, { recursive: true }).sort()) {
    const file = path.join(sources, name);
    if (fs.statSync(file).isFile()) hash.update(`${name}\n`).update(fs.readFileSync(file));
  }
  return hash.digest('hex').slice(0, 16);
}

const cache = process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache');
const place = path.join(cache, 'troupe', `go-programs-${fingerprint()}`);

export function program(name) {
  if (!fs.existsSync(path.join(place, 'complete')))
    throw new Error(`the stock Go programs are not in ${place}; script/bootstrap builds them`);
  return path.join(place, name);
}
