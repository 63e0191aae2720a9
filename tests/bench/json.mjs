// node json.mjs FRAMES ROUNDS: the same as bench_json, with JSON.parse.
import fs from 'node:fs';

const [, , file, rounds] = process.argv;
const lines = fs.readFileSync(file, 'utf8').trim().split('\n').map((line) => Buffer.from(line));

function readAll() {
  let sum = 0;
  for (const line of lines) {
    const { event } = JSON.parse(line);
    if (!event) continue;
    const { data } = event;
    sum += (event.seq ?? 0) + event.type.length + event.time.length + data['gen_ai.agent.id'].length;
    sum += (data['gen_ai.tool.name'] ?? '').length + (data['action.summary'] ?? '').length;
  }
  return sum;
}

const seconds = [];
let sum = 0;
for (let i = 0; i < Number(rounds); i++) {
  const began = performance.now();
  sum = readAll();
  seconds.push((performance.now() - began) / 1000);
}
seconds.sort((a, b) => a - b);
console.log(JSON.stringify({ events_per_second: Math.round(lines.length / seconds[seconds.length >> 1]),
  best: Math.round(lines.length / seconds[0]), sum }));
