// Task graphs for the tests, and the call that creates them.
import http from 'node:http';
import { hawk } from './http.mjs';
import { definition, slugid } from './tasks.mjs';

export const graphPath = '/api/troupe/v1/task-graph';

// Posts text to the door; `scopes` narrows what the call may do, `signer` is who signs.
export function postText(server, text, { authorization, headers = {}, agent } = {}) {
  const url = new URL(server.rootUrl);
  return new Promise((resolve, reject) => {
    const request = http.request({ agent, host: url.hostname, port: url.port, path: graphPath,
      method: 'POST', headers: { 'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
        ...(authorization === null ? {} :
          { authorization: authorization ?? hawk(server, 'POST', graphPath) }), ...headers } },
    (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => {
        const body = Buffer.concat(parts).toString();
        let json;
        try { json = JSON.parse(body); } catch { json = undefined; }
        resolve({ status: response.statusCode, headers: response.headers, text: body, body: json });
      });
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(text);
  });
}

// `tasks` are pairs of id and definition, or an object.
export function graphText(key, tasks) {
  const members = (Array.isArray(tasks) ? tasks : Object.entries(tasks))
    .map(([id, def]) => `${JSON.stringify(id)}:${JSON.stringify(def)}`);
  return `{"key":${JSON.stringify(key)},"tasks":{${members.join(',')}}}`;
}

export const createGraph = (server, key, tasks, options) =>
  postText(server, graphText(key, tasks), options);

// Limits a call of the tests' root to some scopes, as authorizedScopes does.
export const narrowed = (server, scopes, change = {}) => hawk(server, 'POST', graphPath, {
  ext: Buffer.from(JSON.stringify({ authorizedScopes: scopes })).toString('base64'), ...change });

// So many tasks of one group, each of which depends on up to three earlier ones.
export function layered(count, overrides = {}) {
  const shared = definition(overrides);
  const ids = Array.from({ length: count }, () => slugid());
  return ids.map((id, i) => [id, { ...shared, dependencies: [...new Set(
    [i - 1, i - 7, Math.floor(i / 2)].filter((k) => k >= 0 && k < i && i % 10 !== 0)
      .map((k) => ids[k]))] }]);
}
