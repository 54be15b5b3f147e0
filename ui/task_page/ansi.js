// Turns the text of a terminal into lines of styled pieces. SGR colours are shown, other escape
// sequences are dropped, a carriage return begins the line again, as a progress bar wants it.

// The 240 colours above the 16 named ones, as the terminals of old have them.
export function indexedColour(n) {
  if (n >= 232) {
    const level = 8 + (n - 232) * 10;
    return `rgb(${level},${level},${level})`;
  }
  const part = (v) => (v === 0 ? 0 : 55 + v * 40);
  const c = n - 16;
  return `rgb(${part(Math.floor(c / 36))},${part(Math.floor(c / 6) % 6)},${part(c % 6)})`;
}

const plain = () => ({ bold: false, faint: false, italic: false, underline: false, struck: false,
  inverse: false, fore: null, back: null });
const switches = { 1: ['bold', true], 2: ['faint', true], 3: ['italic', true],
  4: ['underline', true], 7: ['inverse', true], 9: ['struck', true], 23: ['italic', false],
  24: ['underline', false], 27: ['inverse', false], 29: ['struck', false] };

// A colour is a number of the 16 named ones, or CSS text.
function applySgr(style, codes) {
  for (let i = 0; i < codes.length; ++i) {
    const code = codes[i];
    if (code === 0) Object.assign(style, plain());
    else if (switches[code]) style[switches[code][0]] = switches[code][1];
    else if (code === 22) style.bold = style.faint = false;
    else if (code >= 30 && code <= 37) style.fore = code - 30;
    else if (code >= 90 && code <= 97) style.fore = code - 82;
    else if (code >= 40 && code <= 47) style.back = code - 40;
    else if (code >= 100 && code <= 107) style.back = code - 92;
    else if (code === 39) style.fore = null;
    else if (code === 49) style.back = null;
    else if (code === 38 || code === 48) {
      const of = code === 38 ? 'fore' : 'back';
      const byte = (v) => Math.min(255, v || 0);
      if (codes[i + 1] === 5) {
        const n = byte(codes[i + 2]);
        style[of] = n < 16 ? n : indexedColour(n);
        i += 2;
      } else if (codes[i + 1] === 2) {
        style[of] = `rgb(${byte(codes[i + 2])},${byte(codes[i + 3])},${byte(codes[i + 4])})`;
        i += 4;
      }
    }
  }
}

// An escape sequence: CSI, OSC up to BEL or ST, or a short one. What may still grow waits.
const escape = /^\x1b(?:\[([0-9:;<=>?]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-Z\\^-~])/;
const unfinished = /^\x1b(?:\[[0-9:;<=>?]*[ -/]*|\][^\x07\x1b]*\x1b?|[ -/]*)$/;
const longestEscape = 4096;

export class AnsiReader {
  // `sink` is told: piece(text, style) to add to the present line, restart() to empty it, and
  // newline() to begin the next.
  constructor(sink) {
    this.sink = sink;
    this.style = plain();
    this.rest = '';
    this.returned = false;
  }

  write(text) {
    let left = this.rest + text;
    this.rest = '';
    while (left) {
      const stop = left.search(/[\x00-\x08\x0b-\x1f\x7f\n]/);
      const run = stop < 0 ? left : left.slice(0, stop);
      if (run) {
        this.settle();
        this.sink.piece(run, { ...this.style });
      }
      if (stop < 0) return;
      left = left.slice(stop);
      if (left[0] !== '\x1b') {
        this.control(left[0]);
        left = left.slice(1);
        continue;
      }
      const whole = escape.exec(left);
      if (!whole && unfinished.test(left) && left.length < longestEscape) {
        this.rest = left;
        return;
      }
      if (whole?.[2] === 'm') applySgr(this.style, whole[1].split(/[;:]/).map(Number));
      left = left.slice(whole ? whole[0].length : 1);
    }
  }

  control(c) {
    if (c === '\n') {
      this.returned = false;
      this.sink.newline();
    } else if (c === '\r') {
      this.returned = true;
    }
  }

  // A carriage return empties the line only when something else comes than its end.
  settle() {
    if (this.returned) this.sink.restart();
    this.returned = false;
  }
}
