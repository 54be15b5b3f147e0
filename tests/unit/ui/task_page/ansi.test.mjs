import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';

// The page's scripts are modules by how they are served, not by their name.
const source = fs.readFileSync(new URL('../../../../ui/task_page/ansi.js', import.meta.url));
const { AnsiReader, indexedColour } =
  await import(`data:text/javascript;base64,${source.toString('base64')}`);

// Lines as text, with what is not plain in front of each piece.
function show(...parts) {
  const lines = [''];
  const reader = new AnsiReader({
    newline: () => lines.push(''),
    restart: () => { lines[lines.length - 1] = ''; },
    piece: (text, style) => {
      const marks = Object.entries(style).filter(([, v]) => v !== false && v !== null)
        .map(([k, v]) => (v === true ? k : `${k}=${v}`));
      lines[lines.length - 1] += marks.length ? `<${marks}>${text}` : text;
    },
  });
  for (const part of parts) reader.write(part);
  return lines;
}

test('lines are cut at newlines', () => {
  assert.deepEqual(show('a\nb\r\n', 'c'), ['a', 'b', 'c']);
  assert.deepEqual(show('tab\there'), ['tab\there']);
});

test('a carriage return begins the line again', () => {
  assert.deepEqual(show('10%\r20%\r', '30%\n', 'x\r', '\ny'), ['30%', 'x', 'y']);
});

test('colours and styles hold until they are taken back', () => {
  assert.deepEqual(show('\x1b[1;31ma\nb\x1b[0mc'), ['<bold,fore=1>a', '<bold,fore=1>bc'.replace('c', '') + 'c']);
  assert.deepEqual(show('\x1b[4;9;3;2;7mx\x1b[24;29;23;22;27my'),
    ['<faint,italic,underline,struck,inverse>xy']);
  assert.deepEqual(show('\x1b[94;103mx\x1b[39;49my'), ['<fore=12,back=11>xy']);
  assert.deepEqual(show('\x1b[31mx\x1b[my'), ['<fore=1>xy']);
});

test('colours beyond the sixteen', () => {
  assert.deepEqual(show('\x1b[38;5;9mx'), ['<fore=9>x']);
  assert.deepEqual(show('\x1b[38;5;208mx'), ['<fore=rgb(255,135,0)>x']);
  assert.deepEqual(show('\x1b[48;2;1;2;300mx'), ['<back=rgb(1,2,255)>x']);
  assert.equal(indexedColour(232), 'rgb(8,8,8)');
  assert.equal(indexedColour(255), 'rgb(238,238,238)');
});

test('other sequences are dropped', () => {
  assert.deepEqual(show('a\x1b[2Kb\x1b[?25lc\x1b]0;title\x07d\x1b]8;;x\x1b\\e\x1b(Bf\x07g\x1bMh'),
    ['abcdefgh']);
});

test('a sequence may come in pieces, wherever it is cut', () => {
  const text = 'a\x1b[1;38;5;208mb\x1b]0;t\x1b\\c\x1b[0md\r\ne';
  const whole = show(text);
  for (let i = 0; i <= text.length; ++i)
    assert.deepEqual(show(text.slice(0, i), text.slice(i)).map((line) => line.replace(/<[^>]*>/g, '')),
      whole.map((line) => line.replace(/<[^>]*>/g, '')));
});

test('a sequence that never ends does not keep the log back', () => {
  const lines = show(`\x1b]${'x'.repeat(5000)}`, '\nnext');
  assert.equal(lines.at(-1), 'next');
});
