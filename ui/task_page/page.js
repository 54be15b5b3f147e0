import { AnsiReader } from './ansi.js';

const taskId = decodeURIComponent(location.pathname.split('/')[2] ?? '');
const api = `/api/queue/v1/task/${encodeURIComponent(taskId)}`;
const at = (id) => document.getElementById(id);
const mostLines = 20000;

function element(name, content, attributes = {}) {
  const made = document.createElement(name);
  if (content instanceof Node) made.append(content);
  else if (content !== undefined) made.textContent = content;
  Object.assign(made, attributes);
  return made;
}

// -- asking the server ----------------------------------------------------------------------------

class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.final = status < 500;
  }
}

const explanations = {
  401: 'The server did not accept the credentials of this page.',
  403: 'Readers without credentials may not see this. Whoever runs this server can allow it by the scopes of role “anonymous”.',
  404: `There is no task ${taskId}, or no longer.`,
};

async function ask(path) {
  const response = await fetch(path, { headers: { accept: 'application/json' } });
  if (response.ok) return response.json();
  const { message = '' } = await response.json().catch(() => ({}));
  throw new Refusal(response.status, explanations[response.status] ??
    `The server answered ${response.status}. ${message.split('\n---')[0]}`.trim());
}

// What is wrong, by what was asked.
const problems = {};

function complain(about, text) {
  problems[about] = text;
  const all = [...new Set(Object.values(problems).filter(Boolean))];
  at('problem').replaceChildren(...all.map((one) => element('div', one)));
  at('problem').hidden = !all.length;
}

// -- the task -------------------------------------------------------------------------------------

let status = null;
let shownRun = null;

// 95 s -> 1 min 35 s
function duration(ms) {
  const s = Math.max(0, ms / 1000);
  if (s < 10) return `${s.toFixed(1)} s`;
  const [h, min] = [Math.floor(s / 3600), Math.floor(s / 60) % 60];
  return [h && `${h} h`, (h || min) && `${min} min`, !h && `${Math.floor(s % 60)} s`]
    .filter(Boolean).join(' ');
}

function took({ started, resolved }) {
  if (!started) return '';
  const end = resolved ? new Date(resolved) : new Date();
  return element('time', duration(end - new Date(started)),
    { title: resolved ? `until ${resolved}` : 'so far' });
}

const when = (time) => (time ? element('time', new Date(time).toLocaleString(),
  { dateTime: time, title: time }) : '');

function showDefinition(task) {
  const rows = [];
  const add = (name, ...content) => content.some((c) => c) && rows.push(element('dt', name),
    (() => { const dd = element('dd'); dd.append(...content); return dd; })());
  const { metadata } = task;
  at('name').textContent = metadata.name;
  document.title = `${metadata.name} - Troupe`;
  add('Task', element('code', taskId));
  add('Description', metadata.description);
  add('Owner', metadata.owner);
  const isLink = /^https?:\/\//.test(metadata.source);
  add('Source', isLink ? element('a', metadata.source, { href: metadata.source }) : metadata.source);
  add('Queue', task.taskQueueId ?? `${task.provisionerId}/${task.workerType}`);
  add('Group', element('code', task.taskGroupId));
  add('Priority', task.priority);
  add('Created', when(task.created));
  add('Deadline', when(task.deadline));
  add('Depends on', ...(task.dependencies ?? []).filter((id) => id !== taskId)
    .flatMap((id) => [element('a', id, { href: `/tasks/${id}` }), ' ']));
  at('summary').replaceChildren(...rows);
  at('definition').textContent = JSON.stringify(task, null, 2);
}

function showStatus() {
  const { state, runs } = status;
  at('state').textContent = state;
  at('state').className = `state ${state}`;
  at('runs').replaceChildren(...runs.map((run) => {
    const row = element('tr');
    const worker = run.workerId ? `${run.workerGroup}/${run.workerId}` : '';
    const link = element('a', String(run.runId), { href: `#run=${run.runId}` });
    for (const cell of [link, run.state, run.reasonResolved ?? run.reasonCreated, worker,
      when(run.started), took(run)]) {
      const td = element('td');
      td.append(cell);
      row.append(td);
    }
    row.classList.toggle('shown', run.runId === shownRun);
    return row;
  }));
}

const isResolved = (state) => ['completed', 'failed', 'exception'].includes(state);

function wantedRun() {
  const named = /^#run=(\d+)$/.exec(location.hash);
  const last = status.runs.length - 1;
  return named && Number(named[1]) <= last ? Number(named[1]) : last;
}

// The definition never changes, and may be hidden from who can see the state.
let asked = false;
let defined = false;

async function learnDefinition() {
  if (asked) return;
  try {
    showDefinition(await ask(api));
    defined = true;
  } catch (problem) {
    if (!problem.final) throw problem;
    complain('task', problem.message);
  }
  asked = true;
}

async function refresh() {
  await learnDefinition();
  ({ status } = await ask(`${api}/status`));
  const run = wantedRun();
  if (run >= 0 && run !== shownRun) {
    shownRun = run;
    showLog(run);
  }
  if (beginLog && status.runs[run]?.state !== 'pending') beginLog();
  if (run < 0) at('log-state').textContent = 'Nothing has run yet.';
  showStatus();
  complain('status', '');
}

// The server tells by its event feed when something changes. Where readers may not hear of events
// the page asks again, while something may still change and somebody looks.
let told = false;
let hearing = false;

async function keepFresh() {
  try {
    if (!document.hidden) await refresh();
  } catch (problem) {
    const said = problem instanceof Refusal;
    complain('status', said ? problem.message : 'The server cannot be reached; trying again.');
    if (said && problem.final) {
      for (const part of document.querySelectorAll('.known')) part.hidden = !status && !defined;
      return;
    }
  }
  if (status && isResolved(status.state)) return;
  if (status && !hearing) {
    hearing = true;
    hearEvents();
  }
  setTimeout(() => told || keepFresh(), status ? 2000 : 5000);
}

// One look at a time; what changes meanwhile is seen by another one behind it.
let looking = null;
let lookAgain = false;

function look() {
  if (document.hidden) return;
  if (looking) {
    lookAgain = true;
    return;
  }
  looking = refresh().catch(() => {}).finally(() => {
    looking = null;
    if (lookAgain) {
      lookAgain = false;
      look();
    }
  });
}

function hearEvents(pause = 250) {
  const socket = new WebSocket(new URL('/api/events/v1/connect',
    location.href.replace(/^http/, 'ws')));
  socket.onopen = () => socket.send(JSON.stringify({ subscribe: [
    { exchange: 'exchange/taskcluster-queue/v1/*', routingKey: `primary.${taskId}.#` }] }));
  socket.onmessage = () => {
    told = true;
    pause = 250;
    look();
  };
  socket.onclose = ({ code }) => {
    const was = told;
    told = false;
    if (was) keepFresh();
    if (code === 4403 || (status && isResolved(status.state))) return;
    setTimeout(() => hearEvents(Math.min(2 * pause, 5000)), pause);
  };
}

// How long a run has taken so far is told by the reader's own clock.
setInterval(() => {
  if (!document.hidden && status?.runs.some(({ state }) => state === 'running')) showStatus();
}, 1000);

// -- the log --------------------------------------------------------------------------------------

// Collects lines and puts them on the page once a frame.
class LogView {
  constructor(box) {
    this.box = box;
    this.fresh = [];
    box.replaceChildren();
    at('left-out').hidden = true;
    this.newline();
  }

  newline() {
    this.line = element('div');
    this.fresh.push(this.line);
    if (this.fresh.length > 2 * mostLines) this.fresh.splice(0, mostLines);
    this.due ??= requestAnimationFrame(() => this.draw());
  }

  restart() { this.line.replaceChildren(); }

  piece(text, style) {
    const names = ['bold', 'faint', 'italic', 'underline', 'struck'].filter((name) => style[name]);
    const [fore, back] = style.inverse ? [style.back ?? 'var(--page)', style.fore ?? 'var(--text)']
      : [style.fore, style.back];
    if (typeof fore === 'number') names.push(`f${fore}`);
    this.due ??= requestAnimationFrame(() => this.draw());
    if (!names.length && fore === null && back === null) return this.line.append(text);
    const span = element('span', text, { className: names.join(' ') });
    if (typeof fore === 'string') span.style.color = fore;
    if (back !== null) span.style.background = typeof back === 'number' ? `var(--c${back})` : back;
    // The named colours are made to be read on the page, so its colour can be read on them.
    if (typeof back === 'number' && fore === null) span.style.color = 'var(--page)';
    return this.line.append(span);
  }

  draw() {
    this.due = null;
    this.box.append(...this.fresh.splice(0));
    const extra = this.box.childElementCount - mostLines;
    for (let i = 0; i < extra; ++i) this.box.firstChild.remove();
    if (extra > 0) at('left-out').hidden = false;
    if (at('follow').checked) this.box.scrollTop = this.box.scrollHeight;
  }
}

let stopLog = () => {};
let beginLog = null;  // the log that is shown waits for its run to begin

function showLog(run) {
  stopLog();
  const reader = new AnsiReader(new LogView(at('log')));
  const decoder = new TextDecoder();
  const path = `/api/troupe/v1/log/${taskId}/${run}`;
  const artifact = `${api}/runs/${run}/artifacts/public/logs/live.log`;
  const tell = (text) => { at('log-state').textContent = text; };
  const over = () => isResolved(status.runs[run]?.state);
  let offset = 0;
  let stopped = false;
  let socket = null;
  let pause = 250;
  stopLog = () => { stopped = true; socket?.close(); };
  const take = (bytes) => {
    offset += bytes.byteLength;
    pause = 250;
    reader.write(decoder.decode(bytes, { stream: true }));
  };
  const later = () => {
    setTimeout(() => !stopped && follow(), pause);
    pause = Math.min(pause * 2, 5000);
  };

  // The artifact has the log of a run that is over; what was shown already is skipped.
  async function readArtifact() {
    tell('Loading.');
    const response = await fetch(artifact).catch(() => null);
    if (!response?.ok) {
      return tell(response?.status === 403 ? explanations[403] : 'There is no log of this run.');
    }
    let skip = offset;
    for await (const bytes of pieces(response.body)) {
      if (stopped) return undefined;
      if (bytes.byteLength > skip) take(bytes.subarray(skip));
      skip = Math.max(0, skip - bytes.byteLength);
    }
    return tell('');
  }

  function follow() {
    beginLog = null;
    if (over()) {
      return status.runs[run].started ? readArtifact() : tell('There is no log of this run.');
    }
    if (status.runs[run]?.state === 'pending') {
      tell('Waiting for the log.');
      beginLog = follow;
      return undefined;
    }
    const url = new URL(`${path}?offset=${offset}`, location.href.replace(/^http/, 'ws'));
    socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      tell('Live.');
      refresh().catch(() => {});
    };
    socket.onmessage = (message) => take(new Uint8Array(message.data));
    socket.onclose = async ({ code, reason }) => {
      if (stopped) return undefined;
      if (code === 1000) {
        tell('Complete.');
        at('raw').href = artifact;
        return refresh().catch(() => {});
      }
      if (code === 4403) return tell(explanations[403]);
      tell(code === 4404 ? 'Waiting for the log.'
        : `Connection lost${reason ? ` (${reason})` : ''}; trying again.`);
      await refresh().catch(() => {});
      return later();
    };
    return undefined;
  }

  at('raw').href = over() ? artifact : path;
  at('raw').hidden = false;
  follow();
}

async function* pieces(body) {
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

// -- beginning ------------------------------------------------------------------------------------

const toTheEnd = () => { at('log').scrollTop = at('log').scrollHeight; };
at('follow').checked = localStorage.getItem('follow-log') !== 'no';
at('follow').addEventListener('change', () => {
  localStorage.setItem('follow-log', at('follow').checked ? 'yes' : 'no');
  if (at('follow').checked) toTheEnd();
});
// Who scrolls back, by whatever means, wants to read; who scrolls to the end wants to follow.
let lastTop = 0;
at('log').addEventListener('scroll', () => {
  const box = at('log');
  const atEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 24;
  if (atEnd || box.scrollTop < lastTop) at('follow').checked = atEnd;
  lastTop = box.scrollTop;
}, { passive: true });
// The end moves on while the browser scrolls there.
at('log').addEventListener('keydown', (event) => {
  if (event.key !== 'End') return;
  event.preventDefault();
  at('follow').checked = true;
  toTheEnd();
});
addEventListener('hashchange', () => status && refresh().catch(() => {}));

at('name').textContent = taskId;
document.addEventListener('visibilitychange', () => status && look());
keepFresh();
