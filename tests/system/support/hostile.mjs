// SPDX-License-Identifier: MIT
// Requests that HTTP parsers are known to disagree about, as bytes: a table for the edge tests.
//
// Each is { name, text, answers }: `text` in latin1, `answers` how many answers a strict server gives:
//   0        it is refused: at most one answer, 4xx or 5xx, and the connection ends
//   n        they are legal requests: n answers, then the connection ends as the last request asks
// Behind what is to be refused comes one more request, which nobody may answer; and what hides in a
// body is ${inner}, which nobody may carry out.  (Where a coding stands alone, who takes codings rightly
// reads one more request behind it: that is a plain one.)

const crlf = '\r\n';
const host = `Host: localhost${crlf}`;
const json = `Content-Type: application/json${crlf}`;

/** A plain request, the last of its connection. */
const last = `GET /healthz HTTP/1.1${crlf}${host}Connection: close${crlf}${crlf}`;
/** A plain request, which differs from the last one by its route. */
const plain = `GET /api/v1/config HTTP/1.1${crlf}${host}${crlf}`;

const get = (fields) => `GET /healthz HTTP/1.1${crlf}${fields}${crlf}`;
const post = (fields, body) => `POST /encrypt HTTP/1.1${crlf}${host}${json}${fields}${crlf}${body}`;
const length = (text) => `Content-Length: ${text.length}${crlf}`;
const shown = (text) => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
const utf8 = (text) => Buffer.from(text).toString('latin1');

/** Field values of Content-Length that are not a number of the grammar, or more than anybody has. */
const lengths = [
  '', '+1', '-1', '-0', '0x10', '0b1', '0o7', '1,1', '1, 1', '1 1', '1;1', '1.0', '1e1', '1_0', 'abc', '""', '"5"', "'5'", '5\x0b', '\x0b5', '\x0c5', '5\x00',
  '\x005', '5\x01', '5\x7f', '5\t5', '5;', '5,', ',5', '%35', 'NaN', 'Infinity', utf8('\u0665'), utf8('\uff15'), '\xb5', '5\xa0', '4294967301',
  '2147483653', '9223372036854775807', '9223372036854775808', '18446744073709551616', '18446744073709551621', '9'.repeat(40), '1'.repeat(400),
];

/** Field values of Transfer-Encoding that are one coding, chunked. */
const chunked = ['chunked', 'Chunked', 'CHUNKED', '\tchunked', 'chunked '];

/** Other field values of it, none of which is taken. */
const codings = [
  'identity', 'chunked, identity', 'identity, chunked', 'gzip, chunked', 'chunked, chunked', ',chunked',
  'chunked,', 'xchunked', 'chunkedx', 'chunked;q=1', 'chunked; a="b"', '"chunked"', "'chunked'", 'chunked\x0b', '\x0bchunked', 'chunked\x00', 'chu\x00nked', 'chunk',
  'ch\xfcnked', '', 'deflate', 'trailers', 'chunked chunked', `chunked${crlf} , identity`, `${crlf} chunked`, `identity${crlf}Transfer-Encoding: chunked`,
];

/** Chunked bodies that go wrong in one way each. */
const chunks = (behind) => [
  `0;a=b${crlf}${crlf}${behind}`, `0;a="${crlf}${crlf}${behind}`, `0 ${crlf}${crlf}${behind}`, `00000000000000000000${crlf}${crlf}${behind}`,
  `0x0${crlf}${crlf}${behind}`, `-1${crlf}${crlf}${behind}`, `+0${crlf}${crlf}${behind}`, `10000000000000000${crlf}${behind}`, `ffffffffffffffff${crlf}${behind}`,
  `0\n\n${behind}`, `0\r\r${behind}`, `1${crlf}AB${crlf}0${crlf}${crlf}${behind}`, `0${crlf}Content-Length: 5${crlf}${crlf}${behind}`, `5;\n${crlf}hello${crlf}0${crlf}${crlf}${behind}`,
];

function bodies(inner) {
  const list = [];
  const add = (name, text, answers = 0) => list.push({ name, text, answers });
  const fits = length(inner);
  for (const value of lengths) add(`Content-Length: ${shown(value)}`, post(`Content-Length: ${value}${crlf}`, inner));
  for (const value of [...chunked, ...codings]) {
    add(`length and Transfer-Encoding: ${shown(value)}`, post(`${fits}Transfer-Encoding: ${value}${crlf}`, `0${crlf}${crlf}${inner}`));
    add(`Transfer-Encoding: ${shown(value)} alone`, post(`Transfer-Encoding: ${value}${crlf}`, `0${crlf}${crlf}${plain}`));
  }
  for (const body of chunks(plain)) add(`chunks ${shown(body)}`, post(`Transfer-Encoding: chunked${crlf}`, body));
  for (const [name, fields] of [
    ['twice the same length', fits + fits],
    ['two lengths', `Content-Length: 0${crlf}${fits}`],
    ['two lengths, the other way round', `${fits}Content-Length: 0${crlf}`],
    ['two lengths in two cases', `content-length: 0${crlf}CONTENT-LENGTH: ${inner.length}${crlf}`],
    ['two lengths apart', `Content-Length: 0${crlf}X-Other: 1${crlf}${fits}`],
    ['a length that goes on in a folded line', `Content-Length: 0${crlf} ${inner.length}${crlf}`],
    ['a length in a folded line alone', `Content-Length:${crlf} ${inner.length}${crlf}`],
    ['a blank before the colon of the length', `Content-Length : ${inner.length}${crlf}`],
    ['a tab before the colon of the length', `Content-Length\t: ${inner.length}${crlf}`],
    ['a blank before the colon of the coding', `${fits}Transfer-Encoding : chunked${crlf}`],
    ['NUL in the name of the length', `Content-Length\x00: ${inner.length}${crlf}`],
    ['a length behind a bare CR', `X-Other: 1\rContent-Length: 0${crlf}${fits}`],
    ['a coding behind a bare CR', `X-Other: 1\rTransfer-Encoding: chunked${crlf}${fits}`],
    ['a coding before the length', `Transfer-Encoding: chunked${crlf}${fits}`],
  ]) add(name, post(fields, inner));
  add('a coding in HTTP/1.0', `POST /encrypt HTTP/1.0${crlf}${host}Transfer-Encoding: chunked${crlf}Connection: keep-alive${crlf}${crlf}0${crlf}${crlf}${plain}`);
  return list;
}

function heads() {
  const list = [];
  const add = (name, text, answers = 0) => list.push({ name, text, answers });
  for (const [name, fields] of [
    ['a blank before the colon of Host', `Host : localhost${crlf}`],
    ['a tab before the colon', `${host}X-Other\t: 1${crlf}`],
    ['a line without a colon', `${host}X-Other${crlf}`],
    ['a line without a name', `${host}: 1${crlf}`],
    ['NUL in a name', `${host}X-Ot\x00her: 1${crlf}`],
    ['NUL in a value', `${host}X-Other: 1\x002${crlf}`],
    ['NUL in the value of Host', `Host: local\x00host${crlf}`],
    ['a control character in a name', `${host}X-Ot\x01her: 1${crlf}`],
    ['a value with DEL', `${host}X-Other: 1\x7f${crlf}`],
    ['a value with a bell', `${host}X-Other: 1\x07${crlf}`],
    ['DEL in a name', `${host}X-Ot\x7fher: 1${crlf}`],
    ['a folded line', `${host}X-Other: 1${crlf} 2${crlf}`],
    ['a line folded by a tab', `${host}X-Other: 1${crlf}\t2${crlf}`],
    ['a first line that begins with a blank', ` X-Other: 1${crlf}${host}`],
    ['a bare CR in a value', `${host}X-Other: 1\r2${crlf}`],
    ['a bare CR in a name', `${host}X-Ot\rher: 1${crlf}`],
    ['a line that ends in CR CR LF', `${host}X-Other: 1\r${crlf}`],
    ['a blank in a name', `${host}X Other: 1${crlf}`],
    ['no Host', `X-Other: 1${crlf}`],
    ['two hosts', `${host}Host: other.example${crlf}`],
    ['two words as a host', `Host: local host${crlf}`],
    ['an address as a host', `Host: http://localhost/${crlf}`],
    ['8 bits in a host', `Host: local\xe4host${crlf}`],
    ['Expect without a body', `${host}Expect: 100-continue${crlf}`],
    ['Expect with an empty body', `${host}Content-Length: 00${crlf}Expect: 100-continue${crlf}`],
    ['twice the same host', host + host],
    ['a header of 20 KB', `${host}X-Other: ${'a'.repeat(20_000)}${crlf}`],
    ['a name of 20 KB', `${host}${'X'.repeat(20_000)}: 1${crlf}`],
    ['a cookie of 64 KB', `${host}Cookie: ${'a'.repeat(65_536)}${crlf}`],
    ['2,000 headers', host + `X-Other: 1${crlf}`.repeat(2000)],
    ['10,000 headers of one letter', host + `a:${crlf}`.repeat(10_000)],
    ['twice an access token', `${host}Authorization: Bearer a${crlf}Authorization: Bearer b${crlf}`],
  ]) add(name, get(fields));
  for (const c of '()<>@,;\\"/[]?={}') add(`${c} in a name`, get(`${host}X${c}Other: 1${crlf}`));
  for (const c of ['\xe9', '\xff', utf8('\u00e9')]) add(`${shown(c)} in a name`, get(`${host}X${c}Other: 1${crlf}`));
  for (const n of [64, 255, 256, 3000]) list.push({ name: `${n + 1} parameters`, text: `GET /healthz?${'a=b&'.repeat(n)}c HTTP/1.1${crlf}${host}${crlf}`, answers: 0 });
  const ended = (end) => `GET /healthz HTTP/1.1${end}Host: localhost${end}${end}`;
  add('lines that end in LF alone', ended('\n'));
  add('lines that end in CR alone', ended('\r'));
  add('lines that end in LF CR', ended('\n\r'));
  add('one line that ends in LF alone', get(`X-Other: 1\n${host}`));
  add('a head that ends in LF alone', `GET /healthz HTTP/1.1${crlf}${host}\n`);
  return list;
}

function lines() {
  const list = [];
  const add = (line, fields = host) => list.push({ name: `line ${shown(line)}`, text: `${line}${crlf}${fields}${crlf}`, answers: 0 });
  for (const line of [
    'GET /healthz', 'GET', '', 'GET /healthz HTTP', 'GET /healthz HTTP/', 'GET /healthz HTTP/1', 'GET /healthz HTTP/1.', 'GET /healthz HTTP/.1', 'GET /healthz HTTP/0.9',
    'GET /healthz HTTP/2.0', 'GET /healthz HTTP/3.0', 'GET /healthz HTTP/9.9', 'GET /healthz HTTP/11', 'GET /healthz HTTP/1.10', 'GET /healthz HTTP/01.1', 'GET /healthz HTTP/1.1x', 'GET /healthz http/1.1',
    'GET /healthz HTTP/1,1', 'GET /healthz HTTP/-1.1', 'GET /healthz HTTP /1.1', 'GET /healthz HTTP/1.1 HTTP/1.1', 'GET /healthz XTTP/1.1', 'GET /health z HTTP/1.1',
    'GET  /healthz HTTP/1.1', 'GET /healthz  HTTP/1.1', 'GET\t/healthz\tHTTP/1.1', 'GET\x0b/healthz\x0bHTTP/1.1', ' GET /healthz HTTP/1.1', 'GET /healthz HTTP/1.1 ', '/healthz HTTP/1.1', 'GET HTTP/1.1',
    'G\x00T /healthz HTTP/1.1', 'GET\x00 /healthz HTTP/1.1', 'G(T /healthz HTTP/1.1', 'G\xe9T /healthz HTTP/1.1', 'GET, /healthz HTTP/1.1', '"GET" /healthz HTTP/1.1',
    'GET healthz HTTP/1.1', 'GET \\healthz HTTP/1.1', 'GET ?x HTTP/1.1', 'GET #x HTTP/1.1', 'GET /heal\x00thz HTTP/1.1', 'GET /heal\x01thz HTTP/1.1',
    'GET /heal\rthz HTTP/1.1', 'GET /healthz\x7f HTTP/1.1', 'GET /h\xe9althz HTTP/1.1', 'CONNECT localhost:80 HTTP/1.1',
    'PRI * HTTP/2.0', `GET /${'a'.repeat(20_000)} HTTP/1.1`, `GET /?${'a'.repeat(70_000)} HTTP/1.1`, `${'A'.repeat(20_000)} / HTTP/1.1`, 'SSH-2.0-OpenSSH_9.2', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    '\x00\x00\x00\x00', '\xff\xfe\xfd', 'HTTP/1.1 200 OK', '{"secret": "x"}',
  ]) add(line);
  return list;
}

/** Legal requests, some of them odd. */
function legal(inner) {
  const made = [];
  const add = (name, text, answers = 2) => made.push({ name: `legal: ${name}`, text: text + last, answers });
  const inside = (fields) => post(fields + length(inner), inner);
  add('one', '', 1);
  add('two in one piece', plain);
  add('twenty in one piece', plain.repeat(20), 21);
  add('blanks before a length', post(`Content-Length:   ${inner.length}${crlf}`, inner));
  add('a tab before a length', post(`Content-Length:\t${inner.length}${crlf}`, inner));
  add('no blank before a length', post(`Content-Length:${inner.length}${crlf}`, inner));
  add('a length in capitals', post(`CONTENT-LENGTH: ${inner.length}${crlf}`, inner));
  add('a length with zeros before it', post(`Content-Length: 00${inner.length}${crlf}`, inner));
  add('a coding that is none, for its name', inside(`Transfer_Encoding: chunked${crlf}`));
  add('another that is none', inside(`X-Transfer-Encoding: chunked${crlf}`));
  add('a length that is none', inside(`Content_Length: 0${crlf}`));
  add('another method in a header', inside(`X-HTTP-Method-Override: DELETE${crlf}`));
  add('another length in a header', inside(`X-Content-Length: 0${crlf}`));
  add('another path in a header', get(`${host}X-Original-URL: /readyz${crlf}X-Rewrite-URL: /readyz${crlf}`));
  add('an upgrade that nobody makes', get(`${host}Connection: Upgrade${crlf}Upgrade: websocket${crlf}`));
  add('an upgrade to HTTP/2', get(`${host}Connection: Upgrade, HTTP2-Settings${crlf}Upgrade: h2c${crlf}HTTP2-Settings: AAMAAABkAAQAAP__${crlf}`));
  add('hop-by-hop names that are not', get(`${host}Connection: Host, Content-Length${crlf}`));
  add('a range', get(`${host}Range: bytes=0-0${crlf}`));
  add('trailers wanted', get(`${host}TE: trailers${crlf}`));
  add('a value that is empty', get(`${host}X-Other:${crlf}`));
  add('a value that is not ASCII', get(`${host}X-Other: ${utf8('\u00e9')}${crlf}`));
  add('forty headers', get(host + Array.from({ length: 40 }, (_, i) => `X-Other-${i}: 1${crlf}`).join('')));
  add('a cookie of 6 KB', get(`${host}Cookie: ${'a'.repeat(6000)}${crlf}`));
  add('a query of 1 KB', `GET /healthz?a=${'b'.repeat(1000)} HTTP/1.1${crlf}${host}${crlf}`);
  add('names of all that is allowed', get(`${host}!#$%&'*+-.^_\`|~09azAZ: 1${crlf}`));
  add('an empty line before', crlf + plain);
  add('the absolute form', `GET http://localhost/healthz HTTP/1.1${crlf}${host}${crlf}`);
  add('a method that nobody knows', `FROB /healthz HTTP/1.1${crlf}${host}${crlf}`);
  add('the options of all', `OPTIONS * HTTP/1.1${crlf}${host}${crlf}`);
  // A request in chunks is the last one of its connection.
  const coded = (name, body) => add(name, post(`Transfer-Encoding: chunked${crlf}`, body), 1);
  coded('one chunk', `e${crlf}{"secret":"x"}${crlf}0${crlf}${crlf}`);
  coded('chunks of one byte', `${[...'{"secret":"x"}'].map((c) => `1${crlf}${c}${crlf}`).join('')}0${crlf}${crlf}`);
  coded('chunks with zeros, capitals and extensions', `0000000E;a=b ;c="d"${crlf}{"secret":"x"}${crlf}00;e${crlf}${crlf}`);
  coded('chunks and trailers', `e${crlf}{"secret":"x"}${crlf}0${crlf}Content-Length: 5${crlf}X-Other: 1${crlf}${crlf}`);
  coded('a request in the data of a chunk', `${(inner.length + 1).toString(16)}${crlf} ${inner}${crlf}0${crlf}${crlf}`);
  for (const method of ['GET', 'OPTIONS'])
    add(`no chunk on ${method}`, `${method} /healthz HTTP/1.1${crlf}${host}Transfer-Encoding: chunked${crlf}${crlf}0${crlf}${crlf}`, 1);
  add('HTTP/1.0 that keeps its connection', `GET /healthz HTTP/1.0${crlf}${host}Connection: keep-alive${crlf}${crlf}`);
  add('HTTP/1.0', `GET /healthz HTTP/1.0${crlf}${host}${crlf}`, 1);
  add('an end that was asked for', `GET /healthz HTTP/1.1${crlf}${host}Connection: close${crlf}${crlf}`, 1);
  return made;
}

/** The whole table, around ${inner}, a request that must never be carried out. */
export function hostileRequests(inner) {
  const refused = [...bodies(inner), ...heads(), ...lines()];
  for (const request of refused) request.text += last;
  return [...refused, ...legal(inner)];
}

/** Split what a connection gave into answers [{ status, close }]; throws at what is none. */
export function answersIn(bytes) {
  const answers = [];
  for (let rest = bytes; rest.length > 0;) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) throw new Error(`no answer: ${shown(rest.toString('latin1'))}`);
    const head = rest.toString('latin1', 0, end);
    const status = /^HTTP\/1\.[01] ([1-5]\d\d)(?: |\r|$)/.exec(head)?.[1];
    const size = /^content-length: (\d+)$/im.exec(head)?.[1] ?? (/^transfer-encoding: chunked$/im.test(head) ? chunkedSize(rest, end + 4) : '0');
    if (status === undefined || end + 4 + Number(size) > rest.length) throw new Error(`not whole: ${shown(head)}`);
    answers.push({ status: Number(status), close: /^connection: close$/im.test(head) });
    rest = rest.subarray(end + 4 + Number(size));
  }
  return answers.filter(({ status }) => status !== 100);
}

function chunkedSize(bytes, from) {
  const end = bytes.indexOf('0\r\n\r\n', from);
  return end < 0 ? bytes.length : end + 5 - from;
}
