// Images of containers, made of the machine's own busybox (Debian: busybox-static): nothing is pulled
// from anywhere but a registry of the test.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import zlib from 'node:zlib';

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((one) => fs.existsSync(one));

if (!busybox || spawnSync('podman', ['--version']).status !== 0)
  throw new Error('tests of containers need podman and busybox-static, which script/bootstrap installs');

// Why containers cannot be had here at all; false when they can.
export const missing = process.getuid() !== 0
  || spawnSync('unshare', ['--mount', '--pid', '--fork', 'true']).status !== 0
  ? 'containers are not permitted here: the tests run without the rights of root' : false;

// What podman makes for containers on a bridge needs a system that has bridges and NAT.
export const bridgeMissing = missing || (spawnSync('unshare', ['--net', 'sh', '-c',
  'ip link add bridge0 type bridge && iptables -t nat -L']).status !== 0
  ? 'the system of this machine has no bridges, or no NAT' : false);

function tar(directory, names) {
  return execFileSync('tar', ['-C', directory, '--owner=0', '--group=0', '--mtime=@0', '--sort=name',
    '-cf', '-', ...names], { maxBuffer: 1 << 28 });
}

// Copies a program of the machine below `root`, with what it is linked with.
function copyProgram(root, name) {
  const where = execFileSync('which', [name]).toString().trim();
  const linked = execFileSync('ldd', [where]).toString().matchAll(/(?:=> )?(\/\S+) \(0x/g);
  for (const [from, to] of [[where, `bin/${name}`], ...Array.from(linked, ([, library]) => [library, library])]) {
    fs.mkdirSync(path.dirname(path.join(root, to)), { recursive: true });
    fs.copyFileSync(fs.realpathSync(from), path.join(root, to));
  }
}

// The layer and configuration of an image; `mark` makes one that is unlike others. Beside busybox it has
// the named programs of the machine, and directories.
function parts(scratch, mark, settings, programs = []) {
  const root = fs.mkdtempSync(path.join(scratch, 'image-'));
  for (const name of ['bin', 'tmp', 'etc', 'root']) fs.mkdirSync(path.join(root, name));
  fs.copyFileSync(busybox, path.join(root, 'bin/busybox'));
  for (const name of ['sh', 'cat', 'cp', 'dd', 'echo', 'env', 'false', 'grep', 'head', 'hostname', 'id', 'kill', 'ln', 'ls',
    'mkdir', 'ps', 'seq', 'setsid', 'sleep', 'stat', 'test', 'touch', 'true', 'tty', 'wget', 'df', 'mount'])
    fs.symlinkSync('busybox', path.join(root, 'bin', name));
  fs.chmodSync(path.join(root, 'tmp'), 0o1777);
  fs.writeFileSync(path.join(root, 'etc/mark'), `${mark}\n`);
  for (const program of programs)
    if (!program.startsWith('/')) copyProgram(root, program);
    else fs.cpSync(program, path.join(root, program), { recursive: true });
  const layer = tar(root, ['.']);
  fs.rmSync(root, { recursive: true });
  const config = Buffer.from(JSON.stringify({ architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux', config: { Cmd: ['/bin/sh'], Env: ['PATH=/bin'], ...settings },
    rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] } }));
  return { layer, config, id: sha256(config) };
}

// As `docker save` makes it.
export function savedImage(scratch, mark, settings = {}, programs = []) {
  const { layer, config, id } = parts(scratch, mark, settings, programs);
  const folder = fs.mkdtempSync(path.join(scratch, 'save-'));
  fs.writeFileSync(path.join(folder, `${id}.json`), config);
  fs.writeFileSync(path.join(folder, 'layer.tar'), layer);
  fs.writeFileSync(path.join(folder, 'manifest.json'),
    JSON.stringify([{ Config: `${id}.json`, RepoTags: [`test/image:latest`], Layers: ['layer.tar'] }]));
  const bytes = tar(folder, ['manifest.json', `${id}.json`, 'layer.tar']);
  fs.rmSync(folder, { recursive: true });
  return { bytes, id };
}

// A registry that has what it is given, for reading. Counts what it is asked for.
export class Registry {
  static async start() {
    const made = new Registry();
    made.blobs = new Map();
    made.manifests = new Map();
    made.asked = [];
    made.failures = 0;
    made.server = http.createServer((request, response) => made.answer(request, response));
    await new Promise((resolve) => made.server.listen(0, '127.0.0.1', resolve));
    made.host = `127.0.0.1:${made.server.address().port}`;
    return made;
  }

  answer(request, response) {
    this.asked.push(`${request.method} ${request.url}`);
    if (request.url === '/v2/') return response.writeHead(200).end('{}');
    if (this.failures > 0) {
      this.failures -= 1;
      return response.writeHead(400).end();
    }
    const [, kind, name] = /\/(manifests|blobs)\/([^/]+)$/.exec(request.url) ?? [];
    const found = kind === 'blobs' ? this.blobs.get(name) : this.manifests.get(request.url);
    if (!found)
      return response.writeHead(404, { 'content-type': 'application/json' })
        .end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}');
    return response.writeHead(200, { 'content-type': found.type, 'content-length': found.bytes.length,
      'docker-content-digest': `sha256:${sha256(found.bytes)}` }).end(request.method === 'HEAD' ? undefined : found.bytes);
  }

  put(scratch, name, tag, mark, settings = {}) {
    const { layer, config, id } = parts(scratch, mark, settings);
    const packed = zlib.gzipSync(layer);
    const blob = (bytes, type) => {
      this.blobs.set(`sha256:${sha256(bytes)}`, { bytes, type: 'application/octet-stream' });
      return { mediaType: type, size: bytes.length, digest: `sha256:${sha256(bytes)}` };
    };
    const type = 'application/vnd.docker.distribution.manifest.v2+json';
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: type,
      config: blob(config, 'application/vnd.docker.container.image.v1+json'),
      layers: [blob(packed, 'application/vnd.docker.image.rootfs.diff.tar.gzip')] }));
    for (const key of [tag, `sha256:${sha256(bytes)}`])
      this.manifests.set(`/v2/${name}/manifests/${key}`, { bytes, type });
    return { id, name: `${this.host}/${name}`, digest: `sha256:${sha256(bytes)}` };
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
