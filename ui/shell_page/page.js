// A shell in a running task, in a terminal: /shell/?v=2&socketUrl=<ws>&taskId=<id>&runId=<n>.
// What is typed goes out as messages that begin with 1, the size of the window as 2, rows and
// columns of two bytes each, the lower one first; what comes in is shown as it is.

const { Terminal, FitAddon } = window;
const asked = new URLSearchParams(location.search);
const byId = (id) => document.getElementById(id);

const inputMark = 1;
const sizeMark = 2;
const longestInput = 16 * 1024;

function tell(state, kind = '') {
  byId('state').textContent = state;
  byId('state').className = kind;
}

function complain(text) {
  byId('problem').textContent = text;
  byId('problem').hidden = false;
}

// Where the shell is, or what is wrong with the address of this page.
function readAddress() {
  if (asked.get('v') !== '2')
    return { problem: 'This address is not that of a shell. Shells are found by the artifact ' +
      'private/generic-worker/shell.html of a running task that has the feature "interactive".' };
  let url;
  try {
    url = new URL(asked.get('socketUrl'));
  } catch {
    return { problem: 'The address of this page lacks a socketUrl that can be read.' };
  }
  if (!['ws:', 'wss:'].includes(url.protocol))
    return { problem: `The socketUrl must begin with ws: or wss:, not ${url.protocol}` };
  return { url: url.href };
}

function nameTask() {
  const taskId = asked.get('taskId') ?? '';
  if (!/^[\w-]{22}$/.test(taskId)) return;
  byId('task').textContent = taskId;
  byId('task').href = `/tasks/${taskId}`;
  document.title = `Shell in ${taskId} - Troupe`;
}

function openTerminal() {
  const terminal = new Terminal({ cursorBlink: true, scrollback: 10000, fontSize: 14,
    fontFamily: 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace',
    theme: { background: '#16181d', foreground: '#e4e6eb' }, screenReaderMode: false });
  const fit = new FitAddon.FitAddon();
  terminal.loadAddon(fit);
  terminal.open(byId('terminal'));
  fit.fit();
  new ResizeObserver(() => fit.fit()).observe(byId('terminal'));
  terminal.focus();
  return terminal;
}

function send(socket, mark, bytes) {
  if (socket.readyState !== WebSocket.OPEN) return;
  for (let at = 0; at < bytes.length; at += longestInput) {
    const part = bytes.subarray(at, at + longestInput);
    const message = new Uint8Array(part.length + 1);
    message[0] = mark;
    message.set(part, 1);
    socket.send(message);
  }
}

function sendSize(socket, { rows, cols }) {
  const numbers = new DataView(new ArrayBuffer(4));
  numbers.setUint16(0, rows, true);
  numbers.setUint16(2, cols, true);
  send(socket, sizeMark, new Uint8Array(numbers.buffer));
}

// Why it closed, for people; of a shell that never was, a browser says nothing.
function farewell(opened, { code, reason }) {
  if (!opened)
    return 'There is no shell at this address: the task has ended, or its worker is not reached.';
  if (code === 1000) return reason || 'the shell has ended';
  return `The connection was lost${reason ? `: ${reason}` : ''}.`;
}

function connect(url, terminal) {
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  const early = [];  // what is typed before there is a shell waits for it
  let opened = false;
  tell('connecting');
  socket.addEventListener('open', () => {
    opened = true;
    tell('connected', 'good');
    sendSize(socket, terminal);
    for (const bytes of early.splice(0)) send(socket, inputMark, bytes);
  });
  socket.addEventListener('message', ({ data }) =>
    terminal.write(typeof data === 'string' ? data : new Uint8Array(data)));
  socket.addEventListener('close', (event) => {
    const good = opened && event.code === 1000;
    tell(good ? farewell(opened, event) : 'closed', good ? '' : 'bad');
    if (!good) complain(farewell(opened, event));
    byId('again').hidden = false;
    terminal.options.cursorBlink = false;
    terminal.options.disableStdin = true;
  });
  const input = (bytes) => {
    if (socket.readyState === WebSocket.CONNECTING) early.push(bytes);
    else send(socket, inputMark, bytes);
  };
  const encoder = new TextEncoder();
  terminal.onData((text) => input(encoder.encode(text)));
  terminal.onBinary((text) => input(Uint8Array.from(text, (letter) => letter.charCodeAt(0))));
  terminal.onResize((size) => sendSize(socket, size));
}

nameTask();
byId('again').addEventListener('click', () => location.reload());
const { url, problem } = readAddress();
if (problem) complain(problem);
else connect(url, openTerminal());
