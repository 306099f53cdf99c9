// SPDX-License-Identifier: MIT
// Stands in for systemd: a datagram socket for the notifications of a server.  Node has none for
// unix sockets; perl is on every Debian.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const receiver = `
use Socket; $| = 1;
socket(my $s, PF_UNIX, SOCK_DGRAM, 0) or die; my $name = $ARGV[0]; $name =~ s/^@/\\0/;
bind($s, pack_sockaddr_un($name)) or die "$name: $!"; print "bound\\n";
while (defined recv($s, my $text, 4096, 0)) { $text =~ s/\\n/ /g; print "$text\\n"; }`;

/**
 * Listen on ${where}, a path or '@name'; what comes is in `seen` as { text, at }.
 * `next(text, ms)` resolves to the next such message, or to null if it does not come in time.
 */
export async function startReceiver(where) {
  const child = spawn('perl', ['-e', receiver, where], { stdio: ['ignore', 'pipe', 'inherit'] });
  const seen = [];
  const waiting = new Set();
  const lines = createInterface({ input: child.stdout });
  await once(lines, 'line');
  lines.on('line', (text) => {
    seen.push({ text, at: Date.now() });
    for (const look of waiting) look(text);
  });
  return {
    seen,
    count: (text) => seen.filter((message) => message.text === text).length,
    next(text, ms) {
      return new Promise((done) => {
        const end = (result) => {
          waiting.delete(look);
          clearTimeout(timer);
          done(result);
        };
        const look = (came) => came === text && end(came);
        const timer = setTimeout(end, ms, null);
        waiting.add(look);
      });
    },
    async stop() {
      child.kill();
      await once(child, 'close');
    },
  };
}
