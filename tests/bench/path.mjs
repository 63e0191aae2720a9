// node path.mjs WS_MODULE PORT NEWS FOLDER GROUP: the same as bench_path, as one would write it for Node: `ws`,
// JSON.parse, a Map of agents with a ring of log lines, a chained record (JSON Lines, SHA-256) with fdatasync.
// GROUP "turn": a commit for each turn of the loop, as the console does it; "500": for each 500 events or 5 ms.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

const [, , module, port, news, folder, group] = process.argv;
const { default: WebSocket } = await import(module);

const LOG_ENTRIES = 16384;
const agents = new Map();
const log = new Array(LOG_ENTRIES);
let logged = 0;
let lastSeq = 0;

function agentOf(id) {
  let agent = agents.get(id);
  if (!agent) {
    agent = { id, name: '', cwd: '', host: '', owner: '', model: '', state: 'unknown', stateSince: '', lastEvent: '', now: '',
      tool: '', call: '', nowSince: '', running: false, failing: false, actions: 0, failures: 0, tokensIn: 0, tokensOut: 0,
      tokensCached: 0, cost: 0 };
    agents.set(id, agent);
  }
  return agent;
}

function note(event, agent, subject, text) {
  log[logged++ % LOG_ENTRIES] = { type: event.type, agent: agent.id, subject, text, time: event.time };
}

const folds = {
  'dev.checkrein.agent.started'(event, agent, data) {
    agent.name = data['gen_ai.agent.name'];
    agent.cwd = data['process.working_directory'];
    agent.host = data['host.name'];
    agent.owner = data['agent.owner'];
    agent.model = data['gen_ai.request.model'];
    agent.state = data['agent.state'];
  },
  'dev.checkrein.action.started'(event, agent, data) {
    agent.now = data['action.summary'];
    agent.tool = data['gen_ai.tool.name'];
    agent.call = data['gen_ai.tool.call.id'];
    agent.nowSince = event.time;
    agent.running = true;
    agent.actions++;
    note(event, agent, agent.tool, agent.now);
  },
  'dev.checkrein.action.finished'(event, agent, data) {
    const failed = data['action.outcome'] === 'failed';
    agent.failures += failed;
    if (data['action.outcome'] === 'succeeded') agent.failing = false;
    if (agent.call === data['gen_ai.tool.call.id']) agent.running = false;
    note(event, agent, data['gen_ai.tool.name'], data['error.message'] ?? '');
  },
  'dev.checkrein.policy.decided'(event, agent, data) {
    note(event, agent, data['policy.rule'], data['policy.verdict']);
  },
  'dev.checkrein.spend.recorded'(event, agent, data) {
    agent.tokensIn += data['gen_ai.usage.input_tokens'];
    agent.tokensOut += data['gen_ai.usage.output_tokens'];
    agent.tokensCached += data['gen_ai.usage.cache_read.input_tokens'];
    agent.cost += data['cost.microusd'];
    note(event, agent, data['gen_ai.request.model'], '');
  },
  'dev.checkrein.agent.state'(event, agent, data) {
    agent.state = data['agent.state'];
    agent.stateSince = event.time;
    note(event, agent, '', data.reason ?? '');
  },
};

function fold(event) {
  if (!event.snapshot) {
    if (event.seq <= lastSeq) return;
    if (event.seq !== lastSeq + 1) throw new Error('events are missing');
    lastSeq = event.seq;
  }
  const agent = agentOf(event.data['gen_ai.agent.id']);
  agent.lastEvent = event.time;
  folds[event.type]?.(event, agent, event.data);
}

// ---- the record
const file = fs.openSync(path.join(folder, 'record.jsonl'), 'a', 0o600);
let prev = '0'.repeat(64);
let number = 0;
let lines = [];
let commits = 0;
let lastCommit = performance.now();

function append(text) {
  const line = `{"prev":"${prev}","n":${++number},"t":"${new Date().toISOString()}","k":"raw","from":"bench","raw":${JSON.stringify(text)}}`;
  prev = createHash('sha256').update(line).digest('hex');
  lines.push(line);
}

function commit() {
  if (lines.length > 0) {
    fs.writeSync(file, lines.join('\n') + '\n');
    fs.fdatasyncSync(file);
    lines = [];
    commits++;
  }
  lastCommit = performance.now();
}

let commitDue = false;
function commitSoon() {
  if (group === 'turn') {
    if (!commitDue) setImmediate(() => { commitDue = false; commit(); finishWhenDone(); });
    commitDue = true;
  } else if (lines.length >= Number(group) || performance.now() - lastCommit > 5) {
    commit();
  }
}

// ---- the connection
const socket = new WebSocket(`ws://127.0.0.1:${port}/`, ['checkrein.v1'], { perMessageDeflate: false });
let started;
let cpu;
let done = false;

function sums() {
  const all = [...agents.values()].map((a) => `${a.id} ${a.actions} ${a.tokensIn} ${a.tokensOut} ${a.cost} ${a.now}\n`);
  return `sha256:${createHash('sha256').update(all.sort().join('')).digest('hex')}`;
}

function finishWhenDone() {
  if (done || lastSeq < Number(news)) return;
  done = true;
  commit();
  const seconds = (performance.now() - started) / 1000;
  const used = process.cpuUsage(cpu);
  console.log(JSON.stringify({ events: lastSeq, seconds, cpu_seconds: (used.user + used.system) / 1e6, commits,
    resident_bytes: process.memoryUsage().rss, agents: agents.size, sums: sums() }));
  socket.terminate();
}

socket.on('open', () => socket.send(JSON.stringify({ kind: 'hello', protocol: { min: 1, max: 1 }, role: 'operator',
  client: { name: 'node', version: '1' } })));
socket.on('message', (bytes) => {
  const text = bytes.toString();
  append(text);
  const frame = JSON.parse(text);
  if (frame.kind === 'event') {
    fold(frame.event);
  } else if (frame.kind === 'synced') {
    started = performance.now();
    cpu = process.cpuUsage();
    commits = 0;
  }
  commitSoon();
  if (group !== 'turn') finishWhenDone();
});
socket.on('error', (error) => { console.error(error.message); process.exit(2); });
