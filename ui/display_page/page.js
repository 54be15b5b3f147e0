// A display in a running task: /display/?v=1&socketUrl=<ws>&displaysUrl=<http>&taskId=<id>&runId=<n>. What
// displays there are is asked of displaysUrl; one is shown by noVNC, by a WebSocket to socketUrl?display=<name>.

import RFB from '/display-page/novnc/core/rfb.js';

const asked = new URLSearchParams(location.search);
const byId = (id) => document.getElementById(id);
let client;

function tell(state, kind = '') {
  byId('state').textContent = state;
  byId('state').className = kind;
}

function complain(text) {
  byId('problem').textContent = text;
  byId('problem').hidden = !text;
}

function readUrl(name, protocols) {
  let url;
  try {
    url = new URL(asked.get(name));
  } catch {
    throw new Error(`The address of this page lacks a ${name} that can be read.`);
  }
  if (!protocols.includes(url.protocol))
    throw new Error(`The ${name} must begin with ${protocols.join(' or ')}, not ${url.protocol}`);
  return url;
}

// Where the displays are; throws what is wrong with the address of this page.
function readAddress() {
  if (asked.get('v') !== '1')
    throw new Error('This address is not that of a display. Displays are found by the artifact ' +
      'private/docker-worker/display.html of a running task that has the feature "interactive".');
  return { socket: readUrl('socketUrl', ['ws:', 'wss:']), list: readUrl('displaysUrl', ['http:', 'https:']) };
}

function nameTask() {
  const taskId = asked.get('taskId') ?? '';
  if (!/^[\w-]{22}$/.test(taskId)) return;
  byId('task').textContent = taskId;
  byId('task').href = `/tasks/${taskId}`;
  document.title = `Display of ${taskId} - Troupe`;
}

function show(address, display) {
  client?.disconnect();
  byId('screen').replaceChildren();
  complain('');
  tell(`connecting to ${display}`);
  for (const button of byId('displays').children)
    button.setAttribute('aria-pressed', String(button.textContent === display));
  const url = new URL(address.socket);
  url.searchParams.set('display', display);
  const made = new RFB(byId('screen'), url.href, { shared: asked.get('shared') !== 'false', wsProtocols: ['binary'] });
  client = made;
  made.scaleViewport = true;
  made.addEventListener('connect', () => tell(`connected to ${display}`, 'good'));
  made.addEventListener('disconnect', ({ detail }) => {
    if (client !== made) return;
    tell('closed', detail.clean ? '' : 'bad');
    if (!detail.clean) complain('The connection was lost: the display or its task has ended.');
  });
}

async function look(address) {
  complain('');
  const response = await fetch(address.list);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message ?? `The displays cannot be had (${response.status}).`);
  byId('displays').replaceChildren(...answer.map(({ display, description }) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = display;
    button.title = description ?? '';
    button.addEventListener('click', () => show(address, display));
    return button;
  }));
  if (answer.length === 0) tell('there is no display yet');
  else if (answer.length === 1) show(address, answer[0].display);
  else tell('choose a display');
}

nameTask();
try {
  const address = readAddress();
  const again = () => look(address).catch((error) => complain(error.message));
  byId('refresh').addEventListener('click', again);
  again();
} catch (error) {
  complain(error.message);
}
