// The Python that has the stock client, which script/bootstrap installs for each list of versions.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root } from './server.mjs';

export const programs = path.join(root, 'tests/contract/python');

export function python() {
  const list = fs.readFileSync(path.join(programs, 'requirements.txt'));
  const cache = process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache');
  const place = path.join(cache, 'troupe',
    `python-client-${createHash('sha256').update(list).digest('hex').slice(0, 16)}`);
  if (!fs.existsSync(path.join(place, 'complete')))
    throw new Error(`the stock Python client is not in ${place}; script/bootstrap installs it`);
  return path.join(place, 'bin/python');
}
